import { createHash } from 'node:crypto'
import type { Actor } from '../auth/index.ts'
import { inPassing } from '../platform/answer-limit.ts'
import type { Context } from '../platform/context.ts'
import type { Db } from '../platform/db.ts'
import { projectNotFound } from '../projects/index.ts'
import { mapHeader, STAGING_COLUMNS } from './columns.ts'
import { CsvFileError, type Rejected } from './csv-file.ts'
import { CsvSplitter } from './csv-splitter.ts'
import { fileTooLarge, invalidFile } from './errors.ts'
import { importJob } from './jobs.ts'
import * as queries from './queries.ts'

const REJECTED_AT_ONCE = 1_000
/** What the database looks through in a millisecond, on a slow disk: the larger the file, the longer an answer may take. */
const BYTES_PER_MS = 10_000

export interface UploadedFile {
  name: string | null
  bytes: AsyncIterable<Uint8Array>
}

/** What makes an upload happen once, in the transaction of the staging. */
export interface Once<Earlier> {
  /** Before a byte is read. @returns what came of the upload before, if this is not the first: then nothing is staged */
  claim(tx: Db): Promise<Earlier | undefined>
  keep(tx: Db, row: queries.ImportRow, sha256: Uint8Array): Promise<void>
}

/**
 * Takes a CSV file into a staging table, as it arrives, in constant memory; then the import is in the queue, in the same
 * transaction. A file that is refused, or does not arrive whole, leaves nothing behind.
 *
 * @returns the import as it was committed, or what `once` found in its place
 * @throws AppError FILE_TOO_LARGE (413), INVALID_CSV and INVALID_CSV_HEADER (422), or what reading the upload throws
 */
export async function stageFile<Earlier = never>(
  ctx: Context,
  actor: Actor,
  file: UploadedFile,
  projectId: string | null = null,
  once?: Once<Earlier>,
): Promise<queries.ImportRow | Earlier> {
  let id: number | undefined
  try {
    const answerMs = ctx.config.statementTimeoutMs
    return await ctx.db.bulkTransaction(async (tx) => {
      const earlier = await once?.claim(tx)
      if (earlier) return earlier
      // Committed by itself, so that the row is there to say that a file is coming.
      id = await queries.insertImport(ctx.db, actor, projectId, file.name)
      if (id === undefined) throw projectNotFound(projectId ?? 'General')
      await queries.lockReceiving(tx, id)
      const staging = new Staging(ctx, id)
      await staging.fill(tx, file.bytes)
      const summary = staging.summary()
      tx.answerWithinMs = answerMs + summary.bytes / BYTES_PER_MS
      const row = await queries.finishReceiving(tx, id, summary)
      await ctx.queue.enqueue(tx, importJob.name, { importId: id })
      await once?.keep(tx, row, summary.sha256)
      return row
    }, answerMs)
  } catch (error) {
    // When this fails as well, the clean-up job finds the import later.
    if (id !== undefined) await inPassing(queries.deleteImport(ctx.db, id))
    throw error instanceof CsvFileError ? refusal(error, ctx.config.uploadLimitBytes) : error
  }
}

function refusal(error: CsvFileError, limitBytes: number) {
  return error.code === 'FILE_TOO_LARGE' ? fileTooLarge(limitBytes) : invalidFile(error)
}

/** One pass over the file: hash, split, good records to COPY, rejected ones to the list of errors. */
class Staging {
  readonly #ctx: Context
  readonly #importId: number
  readonly #splitter: CsvSplitter
  readonly #hash = createHash('sha256')
  #rejected: Rejected[] = []

  constructor(ctx: Context, importId: number) {
    this.#ctx = ctx
    this.#importId = importId
    this.#splitter = new CsvSplitter({ maxBytes: ctx.config.uploadLimitBytes })
  }

  async fill(tx: Parameters<typeof queries.copyIntoStaging>[0], bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const batches = this.#split(bytes)
    let batch = await batches.next()
    while (!batch.done && !this.#splitter.header) batch = await batches.next()
    const columns = mapHeader(this.#splitter.header ?? [])
    await queries.createStaging(tx, this.#importId, STAGING_COLUMNS)
    const first = batch.done ? [] : [batch.value]
    const records = async function* () {
      yield* first
      yield* batches
    }
    await queries.copyIntoStaging(tx, this.#importId, columns, records())
    await this.#saveRejected()
  }

  summary() {
    const { bytes, records } = this.#splitter
    return { bytes, rows: records, sha256: this.#hash.digest() }
  }

  async *#split(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
    for await (const chunk of bytes) {
      this.#hash.update(chunk)
      yield* this.#take(this.#splitter.push(chunk))
    }
    yield* this.#take(this.#splitter.end())
  }

  async *#take({ copy, rejected }: { copy: Buffer; rejected: Rejected[] }): AsyncGenerator<Buffer> {
    // One by one: a batch may reject hundreds of thousands, more than a call takes arguments.
    for (const record of rejected) {
      this.#rejected.push(record)
      if (this.#rejected.length >= REJECTED_AT_ONCE) await this.#saveRejected()
    }
    if (copy.length > 0 || this.#splitter.header) yield copy
  }

  async #saveRejected(): Promise<void> {
    if (this.#rejected.length === 0) return
    await queries.insertRejected(this.#ctx.db, this.#importId, this.#rejected)
    this.#rejected = []
  }
}
