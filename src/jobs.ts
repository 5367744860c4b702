import { cleanupJob } from './auth/jobs.ts'
import { partitionJob, retentionJob } from './history/jobs.ts'
import { expiredKeysJob } from './idempotency/jobs.ts'
import { importDetailsJob, importJob, interruptedJob, undoJob } from './imports/jobs.ts'
import type { Context } from './platform/context.ts'
import type { AnyJob } from './platform/queue.ts'
import { purgeJob } from './tasks/jobs.ts'

/** The worker: every feature's jobs and schedules, one line each. */
export const jobs: AnyJob<Context>[] = [
  importJob,
  undoJob,
  interruptedJob,
  importDetailsJob,
  partitionJob,
  retentionJob,
  cleanupJob,
  expiredKeysJob,
  purgeJob,
]
