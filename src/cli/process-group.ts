import cluster, { type Address, type Worker } from 'node:cluster'
import type { Logger } from '../platform/logger.ts'

/** Calls once: there is no `exit` of a process that the machine has refused (too many of them, or of open files). */
function onEnd(child: Worker, then: (why: object) => void): void {
  child.once('exit', (code, signal) => then({ code, signal }))
  child.once('error', () => {
    if (child.process.pid === undefined) then({})
  })
}

/** Not `once` of node:events, which fails at an error: a message that does not arrive is one, and the end comes all the same. */
const endOf = (child: Worker) => new Promise<undefined>((resolve) => onEnd(child, () => resolve(undefined)))

/** What ends again and again is started again ever later; whoever has lived that long begins anew. */
const SHORTEST_DELAY_MS = 250
const LONGEST_DELAY_MS = 10_000
const LONG_LIFE_MS = 10_000

/** What the main process tells those that listen, once what is done once is done. */
const PREPARED = 'tasklog: prepared'

/** In one of the processes, before it listens: resolves when the main process has prepared everything, or at the end. */
export function untilPrepared(stopping: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    process.on('message', (message) => {
      if (message === PREPARED) resolve()
    })
    if (stopping.aborted) resolve()
    stopping.addEventListener('abort', () => resolve())
  })
}

/**
 * Processes that are started as children and replaced when they end. Those that listen share one port: this process takes
 * the connections and hands each to the next that is free (the default of node:cluster), so that one that hangs gets no more
 * of them, and one that ends takes none with it.
 */
export class ProcessGroup {
  readonly #log: Logger
  readonly #env: Record<string, string>
  readonly #running = new Map<string, Worker>()
  readonly #restarts = new Map<string, NodeJS.Timeout>()
  /** From when the first one listens until all are to end. */
  #isReplacing = false
  #isPrepared = false

  /** @param env added to the environment of each */
  constructor(log: Logger, env: Record<string, string>) {
    this.#log = log
    this.#env = env
  }

  /**
   * @param name what its lines in the log and its metrics say
   * @param args the command of the product
   */
  start(name: string, args: string[], failures = 0): Worker {
    cluster.setupPrimary({ args: [...args, '--process-name', name] })
    const child = cluster.fork(this.#env)
    const begun = Date.now()
    this.#running.set(name, child)
    if (child.process.pid) this.#log.info({ started: name, child: child.process.pid }, 'process started')
    child.on('listening', () => {
      if (this.#isPrepared) tellPrepared(child) // it may have come too late for what the others were told
    })
    child.on('error', (error) => this.#log.warn({ err: error, process: name }, 'process cannot be reached'))
    onEnd(child, (why) => {
      this.#running.delete(name)
      this.#replace(name, args, Date.now() - begun > LONG_LIFE_MS ? 0 : failures + 1, why)
    })
    return child
  }

  #replace(name: string, args: string[], failures: number, why: object): void {
    if (!this.#isReplacing) return
    const delay = failures === 0 ? 0 : Math.min(SHORTEST_DELAY_MS * 2 ** (failures - 1), LONGEST_DELAY_MS)
    this.#log.error({ ended: name, ...why, againInMs: delay }, 'process ended; another takes its place')
    const again = () => {
      try {
        this.start(name, args, failures)
      } catch (error) {
        this.#replace(name, args, failures + 1, { err: error })
      }
    }
    this.#restarts.set(name, setTimeout(again, delay))
  }

  /** The same for the first of all: when that ends before it listens, so would the others. @returns where it listens */
  async startFirst(name: string, args: string[]): Promise<Address | undefined> {
    const child = this.start(name, args)
    const listens = new Promise<Address>((resolve) => child.once('listening', resolve))
    const address = await Promise.race([listens, endOf(child)])
    this.#isReplacing = address !== undefined
    return address
  }

  /** Whoever listens, now or later, may say that it is ready. */
  prepared(): void {
    this.#isPrepared = true
    for (const child of this.#running.values()) tellPrepared(child)
  }

  /** Lets all of them come to an end; what is left at the deadline is killed. */
  async stop(deadlineMs: number): Promise<void> {
    this.#isReplacing = false
    for (const timer of this.#restarts.values()) clearTimeout(timer)
    const children = [...this.#running.values()]
    const ends = children.map(endOf)
    for (const child of children) child.process.kill('SIGTERM')
    const deadline = setTimeout(() => {
      for (const child of children) child.process.kill('SIGKILL')
    }, deadlineMs)
    await Promise.all(ends)
    clearTimeout(deadline)
  }
}

function tellPrepared(child: Worker): void {
  if (child.isConnected()) child.send(PREPARED, () => {}) // it may end at this moment
}
