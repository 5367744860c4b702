export interface AtOnceOptions {
  /** How many run in this process at the same time. */
  running: number
  /** How many wait for that at most, and how long each. */
  waiting: number
  waitMs?: number
  /** What the others are told. */
  busy: () => Error
}

/** Bounds how much of something costly runs at a time: more in parallel only slows everything else. First come, first served. */
export class AtOnce {
  readonly #options: AtOnceOptions
  readonly #waiting = new Set<() => void>()
  #running = 0

  constructor(options: AtOnceOptions) {
    this.#options = options
  }

  /** @throws what `busy` makes, when too many wait already or this has waited too long */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#options.running) this.#running++
    else await this.#turn()
    try {
      return await work()
    } finally {
      const [next] = this.#waiting
      if (next) {
        // At once: another that ends at this moment must not give its place to the same one.
        this.#waiting.delete(next)
        next()
      } else this.#running--
    }
  }

  /** Comes to its end in the place of one that has run. */
  async #turn(): Promise<void> {
    const { waiting, waitMs, busy } = this.#options
    if (this.#waiting.size >= waiting) throw busy()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiting.add(resolve)
    const giveUp = () => {
      this.#waiting.delete(resolve)
      reject(busy())
    }
    const timer = waitMs === undefined ? undefined : setTimeout(giveUp, waitMs)
    await promise.finally(() => clearTimeout(timer))
  }
}
