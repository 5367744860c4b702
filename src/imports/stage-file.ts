import type { Actor } from '../auth/index.ts'
import { inPassing } from '../platform/answer-limit.ts'
import { AtOnce } from '../platform/at-once.ts'
import type { Context } from '../platform/context.ts'
import type { Connection, Db } from '../platform/db.ts'
import { projectNotFound } from '../projects/index.ts'
import { CsvFileError, type Rejected } from './csv-file.ts'
import type { CsvReaderOptions } from './csv-reader.ts'
import { duplicateFile, fileTooLarge, importCancelled, invalidFile, tooManyUploads } from './errors.ts'
import { importJob } from './jobs.ts'
import * as queries from './queries.ts'
import { findSameFile, lockReceiving } from './receiving-queries.ts'
import { openTable, type TableReader } from './table-reader.ts'

const REJECTED_AT_ONCE = 1_000
/** Bytes of records that are kept back until they are written together. */
const REJECTED_BYTES = 4 * 1024 * 1024
/** What the database looks through in a millisecond, on a slow disk: the larger the file, the longer an answer may take. */
const BYTES_PER_MS = 10_000

/** Each holds a connection for as long as its sender likes: what imports and exports need is left to them. */
const uploads = new AtOnce({ running: 6, waiting: 100, waitMs: 1_900, busy: tooManyUploads })

export interface UploadedFile {
  name: string | null
  bytes: AsyncIterable<Uint8Array>
}

/** How a file is to be read, and what is to be done with it. */
export interface UploadOptions {
  projectId: number
  dryRun: boolean
  onError: queries.OnError
  /** Take a file whose bytes were imported before. */
  again: boolean
  reader: Omit<CsvReaderOptions, 'maxBytes'>
}

/** What makes an upload happen once, in the transaction of the staging. */
interface Once<Earlier> {
  /** Before a byte is read. @returns what came of the upload before, if this is not the first: then nothing is staged */
  claim(tx: Db): Promise<Earlier | undefined>
  keep(tx: Db, row: queries.ImportRow, sha256: Uint8Array): Promise<void>
}

/**
 * Takes a CSV file into a staging table, as it arrives, in constant memory, or a workbook once it has; then the import is in
 * the queue, in the same transaction. A file that is refused, or does not arrive whole, leaves nothing behind.
 *
 * @returns the import as it was committed, or what `once` found in its place
 * @throws AppError FILE_TOO_LARGE (413), INVALID_CSV and INVALID_CSV_HEADER (422), DUPLICATE_FILE and IMPORT_CANCELLED
 *   (409), STORAGE_FULL (507), TOO_MANY_UPLOADS (503), or what reading the upload throws
 */
export function stageFile<Earlier = never>(...upload: Parameters<typeof stage<Earlier>>) {
  return uploads.run(() => stage(...upload))
}

async function stage<Earlier>(
  ctx: Context,
  actor: Actor,
  file: UploadedFile,
  options: UploadOptions,
  once?: Once<Earlier>,
): Promise<queries.ImportRow | Earlier> {
  let id: number | undefined
  try {
    const answerMs = ctx.config.statementTimeoutMs
    return await ctx.db.bulkTransaction(async (tx) => {
      const earlier = await once?.claim(tx)
      if (earlier) return earlier
      // Committed by itself, so that the row is there to say that a file is coming.
      id = await queries.insertImport(ctx.db, actor, { ...options, fileName: file.name })
      // The right to import there, or the project, went away since it was asked for.
      if (id === undefined) throw projectNotFound(options.projectId)
      await lockReceiving(tx, id)
      const { reader, bytes } = await openTable(file.bytes, {
        ...options.reader,
        maxBytes: ctx.config.uploadLimitBytes,
      })
      await new Staging(ctx, id, reader).fill(tx, bytes)
      tx.answerWithinMs = answerMs + reader.bytes / BYTES_PER_MS
      await queries.indexStaging(tx, id)
      const sha256 = reader.sha256()
      if (!options.again) await refuseSameFile(tx, options.projectId, sha256, reader.sheet)
      const row = await queries.finishReceiving(tx, id, { ...received(reader), sha256 })
      if (!row) throw importCancelled()
      await ctx.queue.enqueue(tx, importJob.name, { importId: id })
      await once?.keep(tx, row, sha256)
      return row
    }, answerMs)
  } catch (error) {
    // When this fails as well, the clean-up job finds the import later.
    if (id !== undefined) await inPassing(queries.deleteImport(ctx.db, id))
    throw error instanceof CsvFileError ? refusal(error, ctx.config.uploadLimitBytes) : error
  }
}

async function refuseSameFile(tx: Connection, projectId: number, sha256: Uint8Array, sheet?: string): Promise<void> {
  const same = await findSameFile(tx, projectId, sha256, sheet)
  if (same !== undefined) throw duplicateFile(same)
}

function refusal(error: CsvFileError, limitBytes: number) {
  return error.code === 'FILE_TOO_LARGE' ? fileTooLarge(limitBytes) : invalidFile(error)
}

function received({ bytes, records, columns, delimiter, sheet }: TableReader) {
  return { bytes, rows: records, columns, delimiter, sheet }
}

/** One pass over the file: good records to COPY, rejected ones to the list of errors. */
class Staging {
  readonly #ctx: Context
  readonly #importId: number
  readonly #reader: TableReader
  #rejected: Rejected[] = []
  #rejectedBytes = 0

  constructor(ctx: Context, importId: number, reader: TableReader) {
    this.#ctx = ctx
    this.#importId = importId
    this.#reader = reader
  }

  async fill(tx: Connection, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const records = this.#records(bytes)
    // The first comes when the header is known.
    const first = await records.next()
    const { columns, delimiter } = this.#reader
    await queries.createStaging(tx, this.#importId, columns.length)
    const all = async function* () {
      if (first.done) return
      yield first.value
      yield* records
    }
    await queries.copyIntoStaging(tx, this.#importId, { columns: columns.length, delimiter }, all())
    await this.#saveRejected()
  }

  async *#records(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
    for await (const { copy, rejected } of this.#reader.batches(bytes)) {
      // One by one: a batch may reject hundreds of thousands, more than a call takes arguments.
      for (const record of rejected) {
        this.#rejected.push(record)
        this.#rejectedBytes += record.raw.length
        if (this.#rejected.length >= REJECTED_AT_ONCE || this.#rejectedBytes >= REJECTED_BYTES)
          await this.#saveRejected()
      }
      yield copy
    }
  }

  async #saveRejected(): Promise<void> {
    if (this.#rejected.length === 0) return
    await queries.insertRejected(this.#ctx.db, this.#importId, this.#rejected)
    this.#rejected = []
    this.#rejectedBytes = 0
  }
}
