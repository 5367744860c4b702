import { LRUCache } from 'lru-cache'
import type { Redis } from './redis.ts'

const MAX_BYTES_IN_PROCESS = 32 * 1024 * 1024

/**
 * Texts kept in Redis, or in the process while there is none. Nothing is ever removed for being wrong: a key must hold
 * everything its value depends on.
 */
export class TextCache {
  readonly #redis: Redis | undefined
  readonly #local = new LRUCache<string, string>({
    maxSize: MAX_BYTES_IN_PROCESS,
    sizeCalculation: (text) => text.length + 1,
  })

  constructor(redis: Redis | undefined) {
    this.#redis = redis
  }

  async get(key: string): Promise<string | undefined> {
    const known = this.#local.get(key)
    if (known !== undefined) return known
    const text = (await this.#redis?.get(key).catch(() => null)) ?? undefined
    if (text !== undefined) this.#local.set(key, text)
    return text
  }

  /** Not waited for: the answer is on its way already. */
  set(key: string, text: string, seconds: number): void {
    this.#local.set(key, text)
    this.#redis?.set(key, text, seconds).catch(() => {})
  }
}
