import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Context } from '../platform/context.ts'
import { decodeCursor } from '../platform/cursor.ts'
import { sendJsonText } from '../platform/ready-made.ts'
import { IdParams, problems } from '../platform/schemas.ts'
import { PageHeaders, pageAnswers, sendPage } from '../platform/send-page.ts'
import * as schemas from './schemas.ts'
import { taskLogPage } from './task-log-service.ts'
import { readHistory } from './version-service.ts'

/** `/api/v1/tasks/:id/history` and `/api/v1/task-log`. */
export const historyRoutes: FastifyPluginAsyncTypebox<{ ctx: Context }> = async (app, { ctx }) => {
  const tags = ['history']
  const config = { access: 'user' } as const

  app.get('/tasks/:id/history', {
    config,
    schema: {
      tags,
      summary: 'What changed in a task, when, by whom and why, newest first; also of a deleted one',
      params: IdParams,
      querystring: schemas.HistoryQuery,
      response: { 200: schemas.TaskVersionPage, ...problems(401, 404) },
    },
    handler: async ({ actor, params, query: { limit = 20, cursor } }, reply) => {
      const [version] = cursor ? decodeCursor(cursor, [/^[1-9]\d{0,8}$/]) : []
      const before = version === undefined ? undefined : Number(version)
      return sendJsonText(reply, await readHistory(ctx, actor, params.id, { before, limit }))
    },
  })

  app.get('/task-log', {
    config: { ...config, cached: true },
    schema: {
      tags,
      summary:
        'The tasks as they were at the end of each day: of one day, of a range, or of one task; newest day first',
      querystring: schemas.TaskLogQuery,
      headers: PageHeaders,
      response: { ...pageAnswers(schemas.TaskLogPage), ...problems(401, 410) },
    },
    handler: async (request, reply) => sendPage(ctx, request, reply, taskLogPage(ctx, request.actor, request.query)),
  })
}
