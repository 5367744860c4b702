/** What clients were told, to be compared with what the database holds in the end. */
export class Journal {
  /** Every attempt to create a task, by the label in its description. */
  readonly creates = new Map<string, { keyed: boolean; acknowledged: boolean }>()
  /** States of tasks that were acknowledged. */
  readonly states: { id: number; version: number; title: string }[] = []
  readonly deletes: number[] = []
  /** Answers that no fault explains. */
  readonly unexpected: string[] = []
  /** Keyed creates whose answer was lost and given again, or asked for twice. */
  replays = 0
  /** Requests that ended without an answer, or with 503. */
  unanswered = 0

  get acknowledged(): number {
    return this.states.length + this.deletes.length
  }
}
