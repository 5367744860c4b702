/** How long a batch waits for the answer to the one before; a question that hangs must not hold up the next. */
const PATIENCE_MS = 10

/**
 * Calls that come in one turn of the event loop, or while the question before is still being answered, share one question
 * to a server: the more there is to do, the more share one.
 */
export class TurnBatch<Key, Answer> {
  readonly #ask: (keys: Map<Key, number>) => Promise<Answer>
  #open: { keys: Map<Key, number>; answer: Promise<Answer> } | undefined
  #underWay: Promise<unknown> | undefined

  /** @param ask gets what was asked for, each with how often */
  constructor(ask: (keys: Map<Key, number>) => Promise<Answer>) {
    this.#ask = ask
  }

  join(key: Key): Promise<Answer> {
    return this.joinAll([key])
  }

  /** What comes together has one answer. */
  joinAll(keys: Iterable<Key>): Promise<Answer> {
    this.#open ??= this.#begin()
    const { keys: asked, answer } = this.#open
    for (const key of keys) asked.set(key, (asked.get(key) ?? 0) + 1)
    return answer
  }

  #begin() {
    const keys = new Map<Key, number>()
    const answer = this.#close().then(() => {
      // Closed before it is asked: who comes later must not be given an earlier answer.
      this.#open = undefined
      const asked = this.#ask(keys)
      this.#underWay = asked
      const end = () => {
        if (this.#underWay === asked) this.#underWay = undefined
      }
      asked.then(end, end)
      return asked
    })
    return { keys, answer }
  }

  /** Resolves when nobody else may join. */
  #close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    if (!this.#underWay) setImmediate(resolve)
    else {
      const timer = setTimeout(resolve, PATIENCE_MS)
      const end = () => {
        clearTimeout(timer)
        resolve()
      }
      this.#underWay.then(end, end)
    }
    return promise
  }
}
