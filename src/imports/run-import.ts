import { setTimeout as sleep } from 'node:timers/promises'
import type { Context } from '../platform/context.ts'
import type { Connection } from '../platform/db.ts'
import { isRetryable, sqlState } from '../platform/sql-state.ts'
import { refreshStatistics } from '../tasks/index.ts'
import { checkRows } from './check-queries.ts'
import * as lease from './lease-queries.ts'
import { BeforeRunsAgain, finishImport, MeantimeChanged, mergeStretch, type UnderWay } from './merge-queries.ts'
import { mergedBy } from './queries.ts'

/** Lines of the file that one transaction turns into tasks: about half a second of work on a small machine. */
const STRETCH_LINES = 20_000
/** Stretches of one import that are written at the same time. */
const LANES = 2
const MANY_ROWS = 10_000
const MAX_ATTEMPTS = 8

/** Checks and merges one staged import, as far as it can go. */
export async function runImport(
  ctx: Context,
  importId: number,
  signal: AbortSignal,
  stretchLines = STRETCH_LINES,
): Promise<void> {
  const row = await lease.takeLease(ctx.db, importId, ['checking', 'merging'])
  if (!row) return
  await whileMine(ctx, row, 'IMPORT_FAILED', 'The rows could not be merged. See the log of the worker.', async () => {
    if (row.state === 'checking') await checkAll(ctx, row)
    if (row.state === 'merging') await mergeAll(ctx, row, signal, stretchLines)
  })
}

async function checkAll(ctx: Context, row: lease.LeasedRow): Promise<void> {
  row.state = await inStretch(ctx, row.created_by, (tx) => checkRows(tx, row, ctx.config.timeZone))
  ctx.log.info({ importId: row.id, rows: row.rows, state: row.state }, 'import checked')
}

async function mergeAll(ctx: Context, row: lease.LeasedRow, signal: AbortSignal, stretchLines: number): Promise<void> {
  await mergeStretches(ctx, row, signal, stretchLines)
  if (row.rows >= MANY_ROWS) await ctx.db.bulkTransaction(refreshStatistics)
  const counts = await inStretch(ctx, mergedBy(row), (tx) => finishImport(tx, row))
  for (const outcome of ['created', 'updated', 'unchanged', 'rejected'] as const) {
    ctx.metrics.importedRows.inc({ outcome }, counts[outcome])
  }
  ctx.log.info({ importId: row.id, rows: row.rows }, 'import done')
}

/**
 * Stretches are written side by side and committed in their order: each waits for the one before it with its last statement,
 * which says how far the import has come. When one fails, those after it do.
 */
async function mergeStretches(ctx: Context, row: lease.LeasedRow, signal: AbortSignal, lines: number): Promise<void> {
  const underWay: UnderWay[] = []
  try {
    for (let from = row.merged_line; from < row.last_line; from += lines) {
      signal.throwIfAborted()
      const to = Math.min(from + lines, row.last_line)
      underWay.push(beginStretch(ctx, { ...row, merged_line: from }, to, underWay.at(-1)))
      if (underWay.length >= LANES) await underWay.shift()?.merged
    }
    for (const { merged } of underWay) await merged
    row.merged_line = row.last_line
  } finally {
    await Promise.allSettled(underWay.map(({ merged }) => merged))
  }
}

function beginStretch(ctx: Context, row: lease.LeasedRow, toLine: number, before?: UnderWay): UnderWay {
  const stretch = { line: row.merged_line, attempts: 0 }
  const merged = inStretch(ctx, mergedBy(row), (tx) => {
    stretch.attempts++
    return mergeStretch(tx, row, toLine, ctx.config.timeZone, before)
  })
  merged.catch(() => {}) // thrown where it is waited for
  return Object.assign(stretch, { merged })
}

/** Works until it is done, cancelled, taken by another worker, or will never succeed; other errors are thrown, to be tried again. */
export async function whileMine(
  ctx: Context,
  row: lease.LeasedRow,
  failureCode: 'IMPORT_FAILED' | 'UNDO_FAILED',
  failure: string,
  work: () => Promise<void>,
): Promise<void> {
  const quietly = (error: unknown) => {
    if (!(error instanceof lease.LeaseLost)) throw error
    ctx.log.info({ importId: row.id }, 'import was cancelled, or taken by another worker')
  }
  try {
    await work()
  } catch (error) {
    if (!isPermanent(error)) return quietly(error)
    ctx.log.error({ err: error, importId: row.id }, 'import failed')
    await ctx.db.bulkTransaction((tx) => lease.failImport(tx, row, row.state, failureCode, failure)).catch(quietly)
  }
}

/**
 * One transaction, run again when others were in its way: then nothing of it happened.
 *
 * @param doneBy the user who sees it from then on, also where they are answered from a replica
 */
export async function inStretch<T>(ctx: Context, doneBy: number, work: (tx: Connection) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await (ctx.replica?.bulkTransactionOf(doneBy, work) ?? ctx.db.bulkTransaction(work))
    } catch (error) {
      const isOurs = error instanceof MeantimeChanged || error instanceof BeforeRunsAgain
      if (!(isOurs || isRetryable(error)) || attempt === MAX_ATTEMPTS) throw error
      await sleep(20 * attempt)
    }
  }
}

/** Data the database will refuse every time; anything else is worth another attempt. */
function isPermanent(error: unknown): boolean {
  return /^(22|23|42)/.test(sqlState(error))
}
