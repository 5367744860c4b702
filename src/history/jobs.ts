import type { Context } from '../platform/context.ts'
import type { JobDefinition } from '../platform/queue.ts'
import { enforceRetention, maintainPartitions } from './partition-service.ts'

export const partitionJob: JobDefinition<Context, object> = {
  name: 'history.partitions',
  cron: '17 1 * * *',
  run: (ctx) => maintainPartitions(ctx),
}

export const retentionJob: JobDefinition<Context, object> = {
  name: 'history.retention',
  cron: '23 1 * * *',
  run: (ctx, _data, signal) => enforceRetention(ctx, signal),
}
