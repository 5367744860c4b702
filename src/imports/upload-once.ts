import { createHash } from 'node:crypto'
import { type AnswerText, type RequestKey, replayed } from '../idempotency/index.ts'
import type { Db } from '../platform/db.ts'
import type { ImportRow } from './queries.ts'

interface Earlier {
  open(sha256: Uint8Array): AnswerText
}

/**
 * An upload with an Idempotency-Key. The key is held while the file arrives and kept in the transaction that queues the
 * import, with the answer that it has been accepted; what is answered in the end may take its place. What the request is
 * known again by is the hash of the file.
 */
export class UploadOnce {
  readonly #key: RequestKey
  readonly #accepted: (row: ImportRow) => AnswerText
  #sha256: Uint8Array = Buffer.alloc(0)

  constructor(key: RequestKey, accepted: (row: ImportRow) => AnswerText) {
    this.#key = key
    this.#accepted = accepted
  }

  async claim(tx: Db): Promise<Earlier | undefined> {
    const kept = await this.#key.claim(tx)
    return kept && { open: (sha256) => this.#key.open(kept, sha256) }
  }

  async keep(tx: Db, row: ImportRow, sha256: Uint8Array): Promise<void> {
    this.#sha256 = sha256
    await this.#key.keep(tx, sha256, this.#accepted(row))
  }

  revise(db: Db, answer: AnswerText): Promise<void> {
    return this.#key.revise(db, this.#sha256, answer)
  }
}

/** The earlier answer, once the file turns out to be the same. No connection is held: it comes as slowly as its sender likes. */
export async function replayForFile(earlier: Earlier, bytes: AsyncIterable<Uint8Array>): Promise<AnswerText> {
  const hash = createHash('sha256')
  for await (const chunk of bytes) hash.update(chunk)
  return replayed(earlier.open(hash.digest()))
}
