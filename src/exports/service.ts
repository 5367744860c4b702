import { PassThrough, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Actor } from '../auth/index.ts'
import { inPassing, isUnanswered, noAnswer } from '../platform/answer-limit.ts'
import type { Context } from '../platform/context.ts'
import type { Connection } from '../platform/db.ts'
import { AppError } from '../platform/errors.ts'
import { collectEvery } from '../platform/garbage.ts'
import { isRetryable } from '../platform/sql-state.ts'
import {
  declareTaskLines,
  requireHistory,
  TASK_CELLS,
  TASK_CSV_HEADER,
  type TaskLineFormat,
  type TaskSelection,
} from '../tasks/index.ts'
import { tooManyExports } from './errors.ts'
import * as queries from './queries.ts'
import { workbookOf } from './workbook.ts'

/** Each holds a connection, of those for uploads and imports, and a snapshot, which keeps dead rows from being removed. */
const MOST_AT_ONCE = 3
const LONGEST_MS = 3_600_000
/** A reader who stands still holds what was fetched, and a task may have 20,000 characters: of long ones few are fetched at once. */
const CHARACTERS_AT_ONCE = 500_000
const MOST_ROWS_AT_ONCE = 500
const FIRST_ROWS = 25
/** Some 30 MB of garbage, which would outlive the small young generation: an export grew the process by 120 MB. */
const COLLECT_EVERY_CHARACTERS = 8_000_000
/** What the database looks through in a millisecond, on a slow disk: the more there is, the longer an answer may take. */
const ROWS_PER_MS = 20

const CURSOR = 'export_lines'

export interface ExportRequest extends TaskSelection {
  format: TaskLineFormat
}

let underWay = 0

/**
 * Whether an export could begin now. Nothing is begun.
 *
 * @throws AppError as openExport
 */
export async function checkExport(ctx: Context, { asOf }: TaskSelection): Promise<void> {
  if (underWay >= MOST_AT_ONCE) throw tooManyExports()
  if (asOf) await requireHistory(ctx, asOf)
}

/**
 * All tasks of a selection as one file, from one snapshot, in constant memory: as fast as it is read. Its transaction ends
 * with the stream, however that ends. A failure after the beginning destroys the stream: it never looks whole; before, one
 * of the replica is made good by the primary.
 *
 * @param reader aborted when nobody reads any more
 * @throws AppError TOO_MANY_EXPORTS (503), HISTORY_NOT_KEPT (410)
 */
export async function openExport(
  ctx: Context,
  actor: Actor,
  request: ExportRequest,
  reader?: AbortSignal,
): Promise<Readable> {
  const standby = await ctx.replica?.standbyFor(actor.id)
  if (!standby) return beginExport(ctx, actor, request, reader)
  return beginExport({ ...ctx, db: standby }, actor, request, reader).catch((error) => {
    if (error instanceof AppError || reader?.aborted) throw error
    ctx.replica?.noteFailure(error)
    return beginExport(ctx, actor, request, reader)
  })
}

async function beginExport(
  ctx: Context,
  actor: Actor,
  request: ExportRequest,
  reader?: AbortSignal,
): Promise<Readable> {
  if (underWay >= MOST_AT_ONCE) throw tooManyExports()
  underWay++
  const file = new PassThrough()
  file.on('error', () => {}) // whoever reads it hears of it as well
  const leave = () => void file.destroy()
  if (reader?.aborted) leave()
  else reader?.addEventListener('abort', leave)
  const timer = setTimeout(leave, LONGEST_MS).unref()
  const { promise: begun, resolve: begin, reject } = Promise.withResolvers<void>()
  writeExport(ctx, actor, request, file, begin)
    .catch((error) => {
      reject(error)
      file.destroy(error)
    })
    .finally(() => {
      underWay--
      clearTimeout(timer)
      reader?.removeEventListener('abort', leave)
    })
  await begun
  return file
}

async function writeExport(
  ctx: Context,
  actor: Actor,
  { format, ...selection }: ExportRequest,
  file: PassThrough,
  begin: () => void,
): Promise<void> {
  const { statementTimeoutMs, timeZone } = ctx.config
  await ctx.db.bulkTransaction(async (tx) => {
    await queries.beginSnapshot(tx)
    const { pid, rows } = await queries.describeSnapshot(tx)
    await untilClosed(ctx, pid, file, async () => {
      if (selection.asOf) await requireHistory({ ...ctx, db: tx }, selection.asOf)
      tx.answerWithinMs = statementTimeoutMs + rows / ROWS_PER_MS
      await declareTaskLines(tx, actor, CURSOR, selection, format, timeZone)
      const first = await queries.fetchLines(tx, CURSOR, FIRST_ROWS)
      begin()
      const pages = pagesOf(tx, first)
      const text = () => textOf(format === 'ndjson' ? '' : TASK_CSV_HEADER, pages)
      await pipeline(format === 'cells' ? workbookOf(TASK_CELLS, pages) : text(), file)
    })
  }, statementTimeoutMs)
}

async function* pagesOf(tx: Connection, first: string[]): AsyncGenerator<string[]> {
  let lines = first
  const collect = collectEvery(COLLECT_EVERY_CHARACTERS)
  yield lines
  for (let asked = FIRST_ROWS; lines.length === asked; ) {
    const characters = lines.reduce((sum, line) => sum + line.length, 0)
    collect(characters)
    asked = rowsFitting(characters / lines.length)
    lines = await queries.fetchLines(tx, CURSOR, asked)
    yield lines
  }
}

/** How many to fetch next, if they are as long as those before. */
function rowsFitting(characters: number): number {
  return Math.max(1, Math.min(Math.floor(CHARACTERS_AT_ONCE / characters), MOST_ROWS_AT_ONCE))
}

async function* textOf(header: string, pages: AsyncGenerator<string[]>): AsyncGenerator<string> {
  let begin = header
  for await (const lines of pages) {
    yield begin + lines.join('')
    begin = ''
  }
}

/** Works until the reader goes away, who need not wait for what the database is doing at that moment. */
async function untilClosed(ctx: Context, pid: number, file: PassThrough, work: () => Promise<void>): Promise<void> {
  if (file.destroyed) throw noAnswer()
  let cancelling: Promise<void> | undefined
  const cancel = () => {
    cancelling ??= inPassing(queries.cancelStatement(ctx.db, pid))
  }
  const leave = () => {
    if (!file.writableFinished) cancel()
  }
  file.once('close', leave)
  try {
    await work()
  } catch (error) {
    if (isUnanswered(error)) cancel()
    if (!cancelling) throw error
    await cancelling
    // Nobody else gets this connection: what is cancelled might be their statement. An error that makes work run again the
    // transaction throws whatever is thrown here, and goes on to lend the connection: so it has to be rolled back.
    throw isRetryable(error) ? error : noAnswer()
  } finally {
    file.off('close', leave)
  }
}
