import type { Context } from '../platform/context.ts'
import type { JobDefinition } from '../platform/queue.ts'
import { deleteExpired } from './session-queries.ts'

export const cleanupJob: JobDefinition<Context, object> = {
  name: 'auth.cleanup',
  cron: '41 2 * * *',
  run: (ctx) => deleteExpired(ctx.db),
}
