import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import { keyed } from '../idempotency/index.ts'
import type { Context } from '../platform/context.ts'
import { decodeCursor, encodeCursor } from '../platform/cursor.ts'
import { problems } from '../platform/schemas.ts'
import { listJobs } from './queries.ts'
import { JobListQuery, JobPage, JobParams, publicJob } from './schemas.ts'
import { cancelJob, retryJob } from './service.ts'

const CURSOR = [/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$/, /^[0-9a-f-]{36}$/]

/** `/api/v1/jobs`: background work, for administrators. */
export const jobRoutes: FastifyPluginAsyncTypebox<{ ctx: Context }> = async (app, { ctx }) => {
  const tags = ['jobs']
  const config = { access: 'admin' } as const

  app.get('/jobs', {
    config,
    schema: {
      tags,
      summary: 'Background jobs, newest first; those that have ended are forgotten after some days',
      querystring: JobListQuery,
      response: { 200: JobPage, ...problems(401, 403) },
    },
    handler: async ({ query: { state, name, limit = 20, cursor } }) => {
      const after = cursor ? decodeCursor(cursor, CURSOR) : undefined
      const rows = await listJobs(ctx.db, { state, name, after, limit: limit + 1 })
      const last = rows.length > limit ? rows[limit - 1] : undefined
      return {
        items: rows.slice(0, limit).map(publicJob),
        next_cursor: last ? encodeCursor([last.position, last.id]) : null,
      }
    },
  })

  for (const [verb, change, summary] of [
    ['retry', retryJob, 'Run a job again that was given up or cancelled'],
    ['cancel', cancelJob, 'End a job that has not ended'],
  ] as const) {
    app.post(`/jobs/:id/${verb}`, {
      config,
      schema: {
        tags,
        summary,
        params: JobParams,
        response: { 200: Type.Ref('Job'), ...problems(401, 403, 404, 409) },
      },
      handler: (request, reply) =>
        keyed(ctx, request, reply, async (ctx) => {
          return { status: 200, body: publicJob(await change(ctx, request.params.id)) }
        }),
    })
  }
}
