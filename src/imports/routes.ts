import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import type { Context } from '../platform/context.ts'
import { decodeCursor, encodeCursor, idPage } from '../platform/cursor.ts'
import { PageQuery, problems, Strict } from '../platform/schemas.ts'
import { listImports } from './queries.ts'
import { ImportErrorPage, ImportPage, ImportParams, publicError, publicImport } from './schemas.ts'
import * as service from './service.ts'

const HIGHEST_ID = '999999999999999'

/** `/api/v1/imports`: what became of uploads. */
export const importRoutes: FastifyPluginAsyncTypebox<{ ctx: Context }> = async (app, { ctx }) => {
  const tags = ['imports']
  const config = { access: 'admin' } as const

  app.get('/imports', {
    config,
    schema: {
      tags,
      summary: 'Imports, newest first',
      querystring: Strict(PageQuery),
      response: { 200: ImportPage, ...problems(401, 403) },
    },
    handler: async ({ actor, query: { limit = 20, cursor } }) => {
      const [beforeId = HIGHEST_ID] = cursor ? decodeCursor(cursor, [/^\d{1,15}$/]) : []
      const rows = await listImports(ctx.db, actor, { beforeId, limit: limit + 1 })
      return idPage(rows, limit, (row) => row.id, publicImport)
    },
  })

  app.get('/imports/:id', {
    config,
    schema: {
      tags,
      summary: 'One import: how far it is, and its counts',
      params: ImportParams,
      response: { 200: Type.Ref('Import'), ...problems(401, 403, 404) },
    },
    handler: async ({ actor, params }) => publicImport(await service.getImport(ctx, actor, params.id)),
  })

  app.get('/imports/:id/errors', {
    config,
    schema: {
      tags,
      summary: 'Every cell that could not be taken, by line',
      params: ImportParams,
      querystring: Strict(PageQuery),
      response: { 200: ImportErrorPage, ...problems(401, 403, 404) },
    },
    handler: async ({ actor, params, query: { limit = 20, cursor } }) => {
      const [line = '0', column = ''] = cursor ? decodeCursor(cursor, [/^\d{1,15}$/, /^[a-z_]*$/]) : []
      const rows = await service.listErrors(ctx, actor, params.id, { after: [line, column], limit: limit + 1 })
      const items = rows.slice(0, limit)
      const last = rows.length > limit ? items.at(-1) : undefined
      const next_cursor = last ? encodeCursor([last.line, last.column_name]) : null
      return { items: items.map(publicError), next_cursor }
    },
  })
}
