import { createClient } from 'redis'
import type { Logger } from './logger.ts'

/** No request waits longer than this for Redis. */
const COMMAND_TIMEOUT_MS = 200
/** After a failure Redis is left alone this long, so that a frozen one costs one wait and not one a request. */
const PAUSE_MS = 2_000

class RedisAway extends Error {}

/**
 * Redis for what may vanish at any moment: commands fail fast while it is away, frozen or slow, and the connection is
 * sought again in the background. The client's own time limit ends with the sending of a command; a frozen server has
 * taken it by then.
 */
export class Redis {
  readonly client
  readonly #log: Logger
  #pausedUntil = 0
  #isAway = false

  constructor(url: string, log: Logger) {
    this.#log = log
    this.client = createClient({
      url,
      disableOfflineQueue: true,
      socket: { connectTimeout: 1_000, reconnectStrategy: (retries) => Math.min(100 * 2 ** retries, 2_000) },
    })
    this.client.on('error', (error) => this.#lost(error))
    this.client.connect().catch(() => {}) // told by the error event, and tried again
  }

  get isReady(): boolean {
    return this.client.isReady && Date.now() >= this.#pausedUntil
  }

  get(key: string): Promise<string | null> {
    return this.#bounded(() => this.client.get(key))
  }

  async set(key: string, text: string, seconds: number): Promise<void> {
    await this.#bounded(() => this.client.set(key, text, { EX: seconds }))
  }

  /** In the form the rate limiter calls it. */
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown> {
    return this.#bounded(() => this.client.eval(script, options))
  }

  async ping(): Promise<void> {
    await this.#bounded(() => this.client.ping())
  }

  destroy(): void {
    this.client.destroy()
  }

  async #bounded<T>(command: () => Promise<T>): Promise<T> {
    if (!this.isReady) throw new RedisAway('redis is away')
    let timer: NodeJS.Timeout | undefined
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new RedisAway('redis does not answer')), COMMAND_TIMEOUT_MS)
    })
    try {
      const answer = await Promise.race([command(), timeout])
      if (this.#isAway) this.#log.info('redis is back')
      this.#isAway = false
      return answer
    } catch (error) {
      this.#pausedUntil = Date.now() + PAUSE_MS
      this.#lost(error)
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  /** Said once, not per request. */
  #lost(error: unknown): void {
    if (!this.#isAway)
      this.#log.warn({ err: error }, 'redis is away; limits hold per process and nothing is cached there')
    this.#isAway = true
  }
}
