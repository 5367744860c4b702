/** Calls that come in one turn of the event loop share one question to a server. */
export class TurnBatch<Key, Answer> {
  readonly #ask: (keys: Set<Key>) => Promise<Answer>
  #open: { keys: Set<Key>; answer: Promise<Answer> } | undefined

  constructor(ask: (keys: Set<Key>) => Promise<Answer>) {
    this.#ask = ask
  }

  join(key: Key): Promise<Answer> {
    this.#open ??= this.#begin()
    this.#open.keys.add(key)
    return this.#open.answer
  }

  #begin() {
    const keys = new Set<Key>()
    const answer = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      // Closed before it is asked: who comes later must not be given an earlier answer.
      this.#open = undefined
      return this.#ask(keys)
    })
    return { keys, answer }
  }
}
