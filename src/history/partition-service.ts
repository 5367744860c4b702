import type { Context } from '../platform/context.ts'
import { LOCK_NOT_AVAILABLE, sqlState } from '../platform/sql-state.ts'
import {
  deleteLost,
  dropMonth,
  ensurePartitions,
  giveUpHistory,
  listLostMonths,
  UNPARTITIONED,
} from './partition-queries.ts'

const MONTHS_AHEAD = 3

/** Run daily, and whenever migrations are. */
export function maintainPartitions(ctx: Pick<Context, 'db'>): Promise<void> {
  return ensurePartitions(ctx.db, MONTHS_AHEAD)
}

const LOCK_WAIT_MS = 200
const MAX_TRIES = 20
const PAUSE_MS = 500
const BATCH_ROWS = 5_000

/**
 * Run daily. What HISTORY_MONTHS does not keep is given up in one run and removed in the next: no request that has
 * asked whether a day is kept is still under way when it goes.
 */
export async function enforceRetention(ctx: Context, signal: AbortSignal): Promise<void> {
  for (const name of await listLostMonths(ctx.db)) await dropWhenFree(ctx, name, signal)
  for (const table of UNPARTITIONED) while (!signal.aborted && (await deleteLost(ctx.db, table, BATCH_ROWS)) > 0);
  if (ctx.config.historyMonths > 0) await giveUpHistory(ctx.db, ctx.config.historyMonths)
}

/** Between two tries everybody else gets on. A month that is always in use is left to the next night. */
async function dropWhenFree(ctx: Context, name: string, signal: AbortSignal): Promise<void> {
  for (let i = 0; i < MAX_TRIES && !signal.aborted; i++) {
    try {
      return await dropMonth(ctx.db, name, LOCK_WAIT_MS)
    } catch (error) {
      if (sqlState(error) !== LOCK_NOT_AVAILABLE) throw error
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    }
  }
  ctx.log.warn({ partition: name }, 'history that is not kept could not be dropped; it is tried again tomorrow')
}
