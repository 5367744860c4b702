import { cleanupJob } from './auth/jobs.ts'
import { partitionJob } from './history/jobs.ts'
import { importJob, interruptedJob } from './imports/jobs.ts'
import type { Context } from './platform/context.ts'
import type { AnyJob } from './platform/queue.ts'

/** The worker: every feature's jobs and schedules, one line each. */
export const jobs: AnyJob<Context>[] = [importJob, interruptedJob, partitionJob, cleanupJob]
