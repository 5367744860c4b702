import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { keyed } from '../idempotency/index.ts'
import type { Context } from '../platform/context.ts'
import { decodeCursor } from '../platform/cursor.ts'
import { sendJsonText } from '../platform/ready-made.ts'
import { problems } from '../platform/schemas.ts'
import * as schemas from './bulk-schemas.ts'
import { POSITION, TaskAnswer, taskAnswer } from './routes.ts'
import { TaskParams } from './schemas.ts'
import { listTrashPage, restoreDeletion, restoreTask } from './trash-service.ts'

/** `/api/v1/trash`: what was deleted, and the ways back. */
export const trashRoutes: FastifyPluginAsyncTypebox<{ ctx: Context }> = async (app, { ctx }) => {
  const tags = ['trash']
  const config = { access: 'user' } as const

  app.get('/trash', {
    config,
    schema: {
      tags,
      summary: 'Deleted tasks you can see, latest deletion first',
      querystring: schemas.TrashQuery,
      response: { 200: schemas.TrashPage, ...problems(401) },
    },
    handler: async ({ actor, query }, reply) => {
      const { limit = 20, cursor, project_id, deletion_id } = query
      const [position = '', id = ''] = cursor ? decodeCursor(cursor, [POSITION, /^\d{1,15}$/]) : []
      const after: [string, string] | undefined = cursor ? [position, id] : undefined
      const page = { projectId: project_id, deletionId: deletion_id, after, limit }
      return sendJsonText(reply, await listTrashPage(ctx, actor, page))
    },
  })

  app.post('/tasks/:id/restore', {
    config,
    schema: {
      tags,
      summary: 'Take a task out of the trash',
      params: TaskParams,
      response: { 200: TaskAnswer, ...problems(401, 403, 404, 409) },
    },
    handler: (request, reply) =>
      keyed(ctx, request, reply, async (ctx) => taskAnswer(await restoreTask(ctx, request.actor, request.params.id))),
  })

  app.post('/trash/restore', {
    config,
    schema: {
      tags,
      summary: 'Restore everything that one request deleted',
      body: schemas.RestoreBody,
      response: { 200: schemas.Restored, ...problems(401, 404, 409) },
    },
    handler: (request, reply) =>
      keyed(ctx, request, reply, async (ctx) => {
        const outcome = await restoreDeletion(ctx, request.actor, request.body.deletion_id)
        return { status: 200, body: JSON.stringify(outcome) }
      }),
  })
}
