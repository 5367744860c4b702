import type { Context } from '../platform/context.ts'
import type { JobDefinition } from '../platform/queue.ts'
import { maintainPartitions } from './service.ts'

export const partitionJob: JobDefinition<Context, object> = {
  name: 'history.partitions',
  cron: '17 1 * * *',
  run: (ctx) => maintainPartitions(ctx),
}
