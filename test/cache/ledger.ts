/** A task as the last acknowledged change left it. */
export interface Known {
  version: number
  status: string
  isDeleted: boolean
}

interface Listed {
  id: number
  version: number
  status: string
}

interface Entry {
  known: Known
  /** Changes that have been sent, and those that are not answered yet. */
  begun: number
  open: number
}

interface Seen extends Known {
  id: number
  begun: number
  isQuiet: boolean
}

/** What a list must show: of everything that was acknowledged before it was asked for, that or something later. */
export class Ledger {
  readonly #entries = new Map<number, Entry>()

  add(id: number, known: Known): void {
    this.#entries.set(id, { known, begun: 0, open: 0 })
  }

  get(id: number): Known | undefined {
    return this.#entries.get(id)?.known
  }

  /** Sends a change of these; what it answers is taken down before anybody else can read. */
  async change(ids: number[], send: () => Promise<Map<number, Known>>): Promise<void> {
    const entries = ids.map((id) => this.#entries.get(id)).filter((entry) => entry !== undefined)
    for (const entry of entries) {
      entry.begun++
      entry.open++
    }
    const after = await send()
    for (const [id, known] of after) {
      const entry = this.#entries.get(id)
      if (entry) entry.known = known
    }
    for (const entry of entries) entry.open--
  }

  /** Before a list is asked for. */
  floor(): Seen[] {
    return [...this.#entries].map(([id, { known, begun, open }]) => ({ ...known, id, begun, isQuiet: open === 0 }))
  }

  /**
   * @param belongs whether a task in that state is in the list; undefined when nobody can say
   * @returns what is stale
   */
  compare(floor: Seen[], items: Listed[], belongs: (id: number, known: Known) => boolean | undefined): string[] {
    const listed = new Map(items.map((item) => [item.id, item]))
    const wrong: string[] = []
    for (const seen of floor) {
      const item = listed.get(seen.id)
      const { id, version } = seen
      if (item && item.version < version) wrong.push(`task ${id} is shown as ${item.version}, was ${version} before`)
      if (!seen.isQuiet || this.#entries.get(id)?.begun !== seen.begun) continue
      const expected = belongs(id, seen)
      if (expected === undefined || expected === (item !== undefined)) continue
      wrong.push(`task ${id} is ${expected ? 'missing' : 'shown'}: ${JSON.stringify(seen)}`)
    }
    return wrong
  }
}
