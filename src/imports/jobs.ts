import type { Context } from '../platform/context.ts'
import { sqlState } from '../platform/db.ts'
import type { JobDefinition } from '../platform/queue.ts'
import { refreshStatistics } from '../tasks/index.ts'
import * as merge from './merge-queries.ts'
import { failInterrupted, type ImportRow } from './queries.ts'

/** Lines of the file that one transaction turns into tasks: about half a second of work on a small machine. */
const STRETCH_LINES = 20_000
const MANY_ROWS = 10_000

/**
 * Checks and merges one staged import. Safe to run any number of times, also twice at once: every step is one transaction
 * that holds the lease and notes its progress.
 */
export const importJob: JobDefinition<Context, { importId: number }> = {
  name: 'imports.run',
  concurrency: (ctx) => ctx.config.importsAtOnce,
  async run(ctx, { importId }, signal) {
    const row = await merge.takeLease(ctx.db, importId)
    if (!row) return
    try {
      await runImport(ctx, row, signal)
    } catch (error) {
      if (!isPermanent(error)) throw error
      ctx.log.error({ err: error, importId }, 'import failed')
      await withLease(ctx, row, (tx) =>
        merge.failImport(tx, importId, 'IMPORT_FAILED', 'The rows could not be merged. See the log of the worker.'),
      )
    }
  },
}

/** Notices uploads whose API process died. */
export const interruptedJob: JobDefinition<Context, object> = {
  name: 'imports.interrupted',
  cron: '* * * * *',
  async run(ctx) {
    const count = await failInterrupted(ctx.db)
    if (count > 0) ctx.log.warn({ count }, 'uploads were interrupted')
  },
}

async function runImport(ctx: Context, row: ImportRow, signal: AbortSignal): Promise<void> {
  const { timeZone } = ctx.config
  if (row.state === 'checking') await withLease(ctx, row, (tx) => merge.checkRows(tx, row, timeZone))
  while (row.merged_line < row.last_line) {
    signal.throwIfAborted()
    const toLine = Math.min(row.merged_line + STRETCH_LINES, row.last_line)
    await withLease(ctx, row, (tx) => merge.mergeStretch(tx, row, toLine, timeZone))
    row.merged_line = toLine
  }
  if (row.rows >= MANY_ROWS) await ctx.db.bulkTransaction(refreshStatistics)
  const counts = await withLease(ctx, row, (tx) => merge.finishImport(tx, row.id))
  for (const outcome of ['created', 'updated', 'unchanged', 'rejected'] as const) {
    ctx.metrics.importedRows.inc({ outcome }, counts[outcome])
  }
  ctx.log.info({ importId: row.id, rows: row.rows }, 'import done')
}

class LeaseLost extends Error {}

function withLease<T>(ctx: Context, row: ImportRow, work: Parameters<typeof ctx.db.bulkTransaction<T>>[0]): Promise<T> {
  return ctx.db.bulkTransaction(async (tx) => {
    if (!(await merge.holdLease(tx, row.id, row.lease)))
      throw new LeaseLost(`import ${row.id} was taken by another worker`)
    return work(tx)
  })
}

/** Data the database will refuse every time; anything else is worth another attempt. */
function isPermanent(error: unknown): boolean {
  return /^(22|23|42)/.test(sqlState(error))
}
