import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { Config } from '../platform/config.ts'
import type { Queryable } from '../platform/db.ts'
import type { AnswerText } from './answer.ts'
import { invalidKey, keyInUse, keyReused } from './errors.ts'
import * as queries from './queries.ts'
import { type RequestSecret, requestSecrets } from './seal.ts'

const VISIBLE_ASCII = /^[!-~]{1,255}$/

/** An answer found under a key; it opens for the same request only. */
export type Kept = queries.KeptRow

/** The Idempotency-Key of one request, and what the database keeps under it. */
export class RequestKey {
  readonly #config: Config
  readonly #name: queries.KeyName
  readonly #operation: string

  /**
   * @param owner whose key it is when nobody is logged in; a user's keys are their own
   * @returns undefined when the request brings no key
   * @throws AppError INVALID_REQUEST (400) when the header cannot be one
   */
  static of(config: Config, request: FastifyRequest, owner?: string): RequestKey | undefined {
    const key = request.headers['idempotency-key']
    if (key === undefined) return undefined
    if (typeof key !== 'string' || !VISIBLE_ASCII.test(key)) throw invalidKey()
    const { actor, method, url } = request
    const whose = actor ? `user ${actor.id}` : owner
    if (!whose) throw new Error(`${method} ${url} must name an owner for the keys of people without a login`)
    return new RequestKey(config, { owner: whose, key }, `${method} ${url}`)
  }

  private constructor(config: Config, name: queries.KeyName, operation: string) {
    this.#config = config
    this.#name = name
    this.#operation = operation
  }

  /**
   * Takes the key until the transaction ends, and looks what is kept under it. Two statements, so that the second one sees
   * what whoever had the key before has committed.
   *
   * @throws AppError IDEMPOTENCY_KEY_IN_USE (409) when another request has it; nobody waits
   */
  async claim(tx: Queryable): Promise<Kept | undefined> {
    if (!(await queries.tryLock(tx, this.#lock()))) throw keyInUse()
    return queries.findKept(tx, this.#name)
  }

  /** The same without taking it. */
  find(db: Queryable): Promise<Kept | undefined> {
    return queries.findKept(db, this.#name)
  }

  /**
   * @param digest of the body
   * @throws AppError IDEMPOTENCY_KEY_REUSED (422) when this is not the request that got the answer
   */
  open(kept: Kept, digest: Uint8Array): AnswerText {
    const secret = this.#secrets(digest).find((candidate) => candidate.matches(kept.request_hash))
    if (!secret) throw keyReused()
    const { status, headers, body } = kept
    return { status, headers, body: body && secret.open(body, this.#place()) }
  }

  /** Keeps the answer when, and only when, `tx` commits. The key must be claimed. */
  async keep(tx: Queryable, digest: Uint8Array, answer: AnswerText): Promise<void> {
    await queries.insertKept(tx, this.#name, this.#row(digest, answer), this.#config.idempotencyHours)
  }

  /** Puts what was answered in the end in the place of what was kept before. */
  async revise(db: Queryable, digest: Uint8Array, answer: AnswerText): Promise<void> {
    await queries.updateKept(db, this.#name, this.#row(digest, answer))
  }

  #row(digest: Uint8Array, { status, headers, body }: AnswerText): Kept {
    const [secret] = this.#secrets(digest)
    return { request_hash: secret.hash, status, headers, body: body === null ? null : secret.seal(body, this.#place()) }
  }

  #secrets(digest: Uint8Array): [RequestSecret, ...RequestSecret[]] {
    return requestSecrets(this.#config, Buffer.concat([Buffer.from(`${this.#operation}\n`), digest]))
  }

  #place(): string {
    return `${this.#name.owner}\n${this.#name.key}`
  }

  #lock(): bigint {
    return createHash('sha256').update('tasklog-idempotency\n').update(this.#place()).digest().readBigInt64BE()
  }
}
