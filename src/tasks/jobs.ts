import type { Context } from '../platform/context.ts'
import type { JobDefinition } from '../platform/queue.ts'
import { purgeTasks } from './trash-queries.ts'

const BATCH = 5_000

/** Ends what has been in the trash for longer than TRASH_DAYS, a batch a statement. */
export const purgeJob: JobDefinition<Context, object> = {
  name: 'tasks.purge',
  cron: '23 3 * * *',
  async run(ctx, _data, signal) {
    const { trashDays } = ctx.config
    if (trashDays === 0) return
    while (!signal.aborted && (await purgeTasks(ctx.db, trashDays, BATCH)) === BATCH);
  },
}
