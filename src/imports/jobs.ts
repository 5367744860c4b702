import type { Context } from '../platform/context.ts'
import type { JobDefinition } from '../platform/queue.ts'
import { LOCK_NOT_AVAILABLE, sqlState } from '../platform/sql-state.ts'
import { dropLeftStaging, failInterrupted, findLeftStaging } from './receiving-queries.ts'
import { DETAILS, giveUpDetails, removeDetails } from './retention-queries.ts'
import { runImport } from './run-import.ts'
import { runUndo } from './run-undo.ts'
import { cancelForgotten } from './state-queries.ts'

/** How long a dry run can be committed. */
const READY_HOURS = 24
const DETAILS_AT_ONCE = 5_000

/**
 * Checks and merges one staged import. Safe to run any number of times, also twice at once: every step is one transaction
 * that notes its progress, and counts for the latest worker only.
 */
export const importJob: JobDefinition<Context, { importId: number }> = {
  name: 'imports.run',
  concurrency: (ctx) => ctx.config.importsAtOnce,
  run: (ctx, { importId }, signal) => runImport(ctx, importId, signal),
}

/** Takes one import back, in the same way. */
export const undoJob: JobDefinition<Context, { importId: number }> = {
  name: 'imports.undo',
  run: (ctx, { importId }, signal) => runUndo(ctx, importId, signal),
}

/** Notices uploads whose API process died and dry runs that were forgotten, and drops what imports have left. */
export const interruptedJob: JobDefinition<Context, object> = {
  name: 'imports.interrupted',
  cron: '* * * * *',
  async run(ctx) {
    const count = await failInterrupted(ctx.db)
    if (count > 0) ctx.log.warn({ count }, 'uploads were interrupted')
    const forgotten = await cancelForgotten(ctx.db, READY_HOURS)
    if (forgotten > 0) ctx.log.info({ count: forgotten }, 'dry runs were not committed in time')
    for (const importId of await findLeftStaging(ctx.db)) await dropUnlessUsed(ctx, importId)
  },
}

/** Removes what imports did row by row, IMPORT_DETAILS_DAYS after they came to rest. */
export const importDetailsJob: JobDefinition<Context, object> = {
  name: 'imports.details',
  cron: '43 3 * * *',
  async run(ctx, _data, signal) {
    const days = ctx.config.importDetailsDays
    if (days === 0) return
    const count = await giveUpDetails(ctx.db, days)
    if (count > 0) ctx.log.info({ count, days }, 'the details of old imports are not kept any more')
    for (const table of DETAILS) {
      while (!signal.aborted && (await removeDetails(ctx.db, table, DETAILS_AT_ONCE)) === DETAILS_AT_ONCE);
    }
  },
}

/** A worker that has not noticed yet that its import was cancelled holds the table; the next minute will do. */
async function dropUnlessUsed(ctx: Context, importId: number): Promise<void> {
  await ctx.db
    .bulkTransaction((tx) => dropLeftStaging(tx, importId))
    .catch((error) => {
      if (sqlState(error) !== LOCK_NOT_AVAILABLE) throw error
    })
}
