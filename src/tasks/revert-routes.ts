import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { keyed } from '../idempotency/index.ts'
import type { Context } from '../platform/context.ts'
import { problems } from '../platform/schemas.ts'
import { revertTask } from './revert-service.ts'
import { readIfMatch, TaskAnswer, taskAnswer } from './routes.ts'
import * as schemas from './schemas.ts'

/** `/api/v1/tasks/:id/revert`. */
export const revertRoutes: FastifyPluginAsyncTypebox<{ ctx: Context }> = async (app, { ctx }) => {
  app.post('/tasks/:id/revert', {
    config: { access: 'user' },
    schema: {
      tags: ['tasks'],
      summary: 'Make a task what it was in an earlier version; a deleted one comes back',
      params: schemas.TaskParams,
      headers: schemas.VersionHeaders,
      body: schemas.RevertBody,
      response: { 200: TaskAnswer, ...problems(401, 403, 404, 409, 412) },
    },
    handler: (request, reply) =>
      keyed(ctx, request, reply, async (ctx) => {
        const { actor, params, body, headers } = request
        return taskAnswer(await revertTask(ctx, actor, params.id, body.version, readIfMatch(headers['if-match'])))
      }),
  })
}
