import { createClient, RESP_TYPES } from '@redis/client'
import { within } from './answer-limit.ts'
import type { Logger } from './logger.ts'

/** No request waits longer than this for Redis. */
const COMMAND_TIMEOUT_MS = 200
/** How often an open circuit is tried, by a command of its own. */
const PROBE_MS = 2_000

class RedisAway extends Error {}

/**
 * Redis for what may vanish at any moment: commands fail fast while it is away, frozen, slow or full, and the connection is
 * sought again in the background. The client's own time limit ends with the sending of a command; a frozen server has
 * taken it by then.
 *
 * A circuit breaker: the first failure opens the circuit, and no request waits for Redis again until a command that nobody
 * waits for has succeeded. It is a write, since a full Redis still answers what only reads.
 */
export class Redis {
  readonly client
  /** The same connection, with answers as they came. */
  readonly #bytes
  readonly #log: Logger
  #probe: NodeJS.Timeout | undefined
  #isDestroyed = false

  constructor(url: string, log: Logger) {
    this.#log = log
    this.client = createClient({
      url,
      disableOfflineQueue: true,
      commandOptions: { timeout: 0 }, // ours is shorter, and theirs would keep a signal for each command
      socket: { connectTimeout: 1_000, reconnectStrategy: (retries) => Math.min(100 * 2 ** retries, 2_000) },
    })
    this.#bytes = this.client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })
    this.client.on('error', (error) => this.#open(error))
    this.client.connect().catch(() => {}) // told by the error event, and tried again
  }

  /** Whether commands are sent at all. */
  get isReady(): boolean {
    return this.client.isReady && !this.#probe
  }

  getBytes(key: string): Promise<Buffer | null> {
    return this.#bounded(() => this.#bytes.get(key))
  }

  async set(key: string, bytes: Buffer, seconds: number): Promise<void> {
    await this.#bounded(() => this.client.set(key, bytes, { EX: seconds }))
  }

  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown> {
    return this.#bounded(() => this.client.eval(script, options))
  }

  async ping(): Promise<void> {
    await this.#bounded(() => this.client.ping())
  }

  destroy(): void {
    this.#isDestroyed = true
    clearTimeout(this.#probe)
    this.client.destroy()
  }

  async #bounded<T>(command: () => Promise<T>): Promise<T> {
    if (!this.isReady) throw new RedisAway('redis is away')
    try {
      return await inTime(command())
    } catch (error) {
      this.#open(error)
      throw error
    }
  }

  /** Said once, not per request. */
  #open(error: unknown): void {
    if (this.#probe || this.#isDestroyed) return
    this.#log.warn({ err: error }, 'redis is away; limits hold per process and nothing is cached there')
    this.#probeLater()
  }

  #probeLater(): void {
    this.#probe = setTimeout(async () => {
      try {
        await inTime(this.client.set('tasklog:probe', '', { PX: PROBE_MS }))
        this.#probe = undefined
        this.#log.info('redis is back')
      } catch {
        if (!this.#isDestroyed) this.#probeLater()
      }
    }, PROBE_MS).unref()
  }
}

const inTime = <T>(answer: Promise<T>) =>
  within(COMMAND_TIMEOUT_MS, answer, () => new RedisAway('redis does not answer'))
