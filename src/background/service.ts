import type { Context } from '../platform/context.ts'
import type { Db } from '../platform/db.ts'
import { jobNotFound, jobOfImport, wrongJobState } from './errors.ts'
import { type JobRow, lockJob } from './queries.ts'

/**
 * Lets a job that was given up, or cancelled, run again.
 *
 * @throws AppError JOB_NOT_FOUND (404), WRONG_JOB_STATE (409)
 */
export function retryJob(ctx: Context, id: string): Promise<JobRow> {
  return change(ctx, id, async (tx, { name, state }) => {
    if (state !== 'failed' && state !== 'cancelled') throw wrongJobState(state, 'failed or cancelled')
    await ctx.queue.retry(tx, name, id, state)
  })
}

/**
 * Ends a job that has not ended. A worker that runs it is told within seconds, and stops at its next safe point.
 *
 * @throws AppError JOB_NOT_FOUND (404), WRONG_JOB_STATE (409), JOB_OF_IMPORT (409): an import would wait for ever
 */
export function cancelJob(ctx: Context, id: string): Promise<JobRow> {
  return change(ctx, id, async (tx, { name, state, import_id }) => {
    if (!['created', 'retry', 'active'].includes(state)) throw wrongJobState(state, 'created, retry or active')
    if (import_id !== null) throw jobOfImport(import_id)
    await ctx.queue.cancel(tx, name, id)
  })
}

function change(ctx: Context, id: string, work: (tx: Db, job: JobRow) => Promise<void>): Promise<JobRow> {
  return ctx.db.transaction(async (tx) => {
    const job = await lockJob(tx, id)
    if (!job) throw jobNotFound(id)
    await work(tx, job)
    return (await lockJob(tx, id)) ?? job
  })
}
