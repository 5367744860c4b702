interface CallFrame {
  functionName: string
  url: string
  lineNumber: number
}

interface ProfileNode {
  id: number
  callFrame: CallFrame
  children?: number[]
}

/** As Node writes it (Profiler.Profile of the DevTools protocol); times in microseconds. */
export interface CpuProfile {
  nodes: ProfileNode[]
  samples: number[]
  timeDeltas: number[]
}

/** A function in a place of the call tree, and the time in it and in what it called. */
export interface Frame {
  name: string
  time: number
  children: Map<string, Frame>
}

/** What Node calls for every request. */
const REQUEST = 'parserOnIncoming'
const IDLE = '(idle)'
/** The names V8 gives to what is no function of anybody's. */
const OF_NODE = /^\((?:garbage collector|program)\)$/
const WRITES = new Set(['writev', 'writeUtf8String', 'writeLatin1String', 'writeBuffer'])

/** The part of a profile from the first request to the last. */
export class Profile {
  readonly #nodes: Map<number, ProfileNode>
  readonly #parents = new Map<number, number>()
  /** The time in each node itself. */
  readonly #times = new Map<number, number>()
  readonly #total: number

  constructor({ nodes, samples, timeDeltas }: CpuProfile) {
    this.#nodes = new Map(nodes.map((node) => [node.id, node]))
    for (const { id, children = [] } of nodes) for (const child of children) this.#parents.set(child, id)
    const isOfRequest = (id: number) => this.#pathTo(id).some(({ functionName }) => functionName === REQUEST)
    const [first, last] = [samples.findIndex(isOfRequest), samples.findLastIndex(isOfRequest)]
    for (let i = Math.max(0, first); i <= last; i++) {
      const id = samples[i] as number
      if (this.#frameOf(id).functionName === IDLE) continue
      this.#times.set(id, (this.#times.get(id) ?? 0) + (timeDeltas[i] ?? 0))
    }
    this.#total = [...this.#times.values()].reduce((sum, time) => sum + time, 0)
  }

  /** Shares of the time that is not idle, by package, file or kind of work. */
  byPart(): Map<string, number> {
    const parts = new Map<string, number>()
    for (const [id, time] of this.#times) {
      const part = this.#partOf(id)
      parts.set(part, (parts.get(part) ?? 0) + time / this.#total)
    }
    return parts
  }

  tree(): Frame {
    const root: Frame = { name: 'all', time: 0, children: new Map() }
    for (const [id, time] of this.#times) {
      let frame = root
      frame.time += time
      for (const callFrame of this.#pathTo(id).slice(1)) {
        const name = nameOf(callFrame)
        const child: Frame = frame.children.get(name) ?? { name, time: 0, children: new Map() }
        frame.children.set(name, child)
        child.time += time
        frame = child
      }
    }
    return root
  }

  /** From the root on. */
  #pathTo(id: number): CallFrame[] {
    const path: CallFrame[] = []
    for (let at: number | undefined = id; at !== undefined; at = this.#parents.get(at)) path.unshift(this.#frameOf(at))
    return path
  }

  #frameOf(id: number): CallFrame {
    return (this.#nodes.get(id) as ProfileNode).callFrame
  }

  #partOf(id: number): string {
    const { functionName, url } = this.#frameOf(id)
    if (OF_NODE.test(functionName)) return functionName
    if (WRITES.has(functionName)) return `write to ${receiverOf(this.#pathTo(id))}`
    return url ? placeOf(url) : `(native) ${functionName}`
  }
}

function receiverOf(path: CallFrame[]): string {
  if (path.some(({ url }) => url.includes('@redis/client'))) return 'Redis'
  return path.some(({ url }) => /platform\/pipeline|node_modules\/pg\//.test(url)) ? 'PostgreSQL' : 'clients'
}

/** A package, a file of ours, or a module of Node. */
function placeOf(url: string): string {
  const inside = url.split('node_modules/').at(-1) ?? ''
  if (inside !== url)
    return inside
      .split('/')
      .slice(0, inside.startsWith('@') ? 2 : 1)
      .join('/')
  return url.replace(/^.*\/(?=src\/)/, '')
}

function nameOf({ functionName, url, lineNumber }: CallFrame): string {
  return `${functionName || '(anonymous)'}${url ? ` ${placeOf(url)}:${lineNumber + 1}` : ''}`
}
