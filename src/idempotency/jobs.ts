import type { Context } from '../platform/context.ts'
import type { JobDefinition } from '../platform/queue.ts'
import { deleteExpired } from './queries.ts'

const AT_ONCE = 5_000

/** Expired keys count as absent already; this gives their space back. */
export const expiredKeysJob: JobDefinition<Context, object> = {
  name: 'idempotency.expired',
  cron: '23 * * * *',
  async run(ctx, _data, signal) {
    while (!signal.aborted && (await deleteExpired(ctx.db, AT_ONCE)) === AT_ONCE);
  },
}
