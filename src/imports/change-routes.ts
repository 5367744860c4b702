import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import { keyed } from '../idempotency/index.ts'
import type { Context } from '../platform/context.ts'
import { afterId, encodeCursor } from '../platform/cursor.ts'
import { PageQuery, problems, Strict } from '../platform/schemas.ts'
import * as change from './change-service.ts'
import { ImportParams, LeftPage, UndoQuery } from './schemas.ts'
import { importAnswer } from './upload-routes.ts'

/** What can be done with an import: merge what a dry run checked, stop it, take it back. */
export const importChangeRoutes: FastifyPluginAsyncTypebox<{ ctx: Context }> = async (app, { ctx }) => {
  const tags = ['imports']
  const config = { access: 'user' } as const
  const params = ImportParams
  const ImportAnswer = Type.Ref('Import')

  app.post('/imports/:id/commit', {
    config,
    schema: {
      tags,
      summary: 'Merge what a dry run has checked, without a second upload',
      params,
      response: { 202: ImportAnswer, ...problems(401, 404, 409) },
    },
    handler: (request, reply) =>
      keyed(ctx, request, reply, async (ctx) =>
        importAnswer(await change.commitImport(ctx, request.actor, request.params.id), 202),
      ),
  })

  app.post('/imports/:id/cancel', {
    config,
    schema: {
      tags,
      summary: 'Stop an import; what has become tasks by then stays, and is counted',
      params,
      response: { 200: ImportAnswer, ...problems(401, 404, 409) },
    },
    handler: (request, reply) =>
      keyed(ctx, request, reply, async (ctx) =>
        importAnswer(await change.cancelImport(ctx, request.actor, request.params.id), 200),
      ),
  })

  app.post('/imports/:id/undo', {
    config,
    schema: {
      tags,
      summary: 'Take an import back: what it created goes to the trash, what it updated becomes what it was',
      description: 'Tasks that were changed since are left as they are, and listed at `GET /imports/{id}/undo`.',
      params,
      querystring: UndoQuery,
      response: { 200: ImportAnswer, 202: ImportAnswer, ...problems(401, 404, 409, 410) },
    },
    handler: (request, reply) =>
      keyed(ctx, request, reply, async (ctx) => {
        const { actor, params, query } = request
        if (query.dry_run) return importAnswer(await change.planUndo(ctx, actor, params.id), 200)
        return importAnswer(await change.beginUndo(ctx, actor, params.id), 202)
      }),
  })

  app.get('/imports/:id/undo', {
    config,
    schema: {
      tags,
      summary: 'The tasks of an import that an undo leaves, or has left, as they are, and why',
      params,
      querystring: Strict(PageQuery),
      response: { 200: LeftPage, ...problems(401, 404, 410) },
    },
    handler: async ({ actor, params, query: { limit = 20, cursor } }) => {
      const page = { afterId: Number(afterId(cursor)), limit: limit + 1 }
      const rows = await change.listLeft(ctx, actor, params.id, page)
      const items = rows.slice(0, limit)
      const last = rows.length > limit ? items.at(-1) : undefined
      return { items, next_cursor: last ? encodeCursor([last.task_id]) : null }
    },
  })
}
