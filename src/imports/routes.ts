import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import type { Context } from '../platform/context.ts'
import { decodeCursor, encodeCursor, idPage } from '../platform/cursor.ts'
import { PageQuery, problems, Strict } from '../platform/schemas.ts'
import { progressEvents } from './progress.ts'
import { listImports } from './queries.ts'
import { rejectedCsv } from './rejected-csv.ts'
import { ImportErrorPage, ImportPage, ImportParams, publicError, publicImport } from './schemas.ts'
import * as service from './service.ts'

/** Streamed; the type is said for the document alone. */
const TextBody = Type.Unsafe<Readable>(Type.String())
const HIGHEST_ID = '999999999999999'

/** `/api/v1/imports`: what became of uploads, for administrators and for maintainers of the project they went to. */
export const importRoutes: FastifyPluginAsyncTypebox<{ ctx: Context }> = async (app, { ctx }) => {
  const tags = ['imports']
  const config = { access: 'user' } as const

  app.get('/imports', {
    config,
    schema: {
      tags,
      summary: 'Imports, newest first',
      querystring: Strict(PageQuery),
      response: { 200: ImportPage, ...problems(401) },
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
      response: { 200: Type.Ref('Import'), ...problems(401, 404) },
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
      response: { 200: ImportErrorPage, ...problems(401, 404, 410) },
    },
    handler: async ({ actor, params, query: { limit = 20, cursor } }) => {
      const [line = '0', column = ''] = cursor ? decodeCursor(cursor, [/^\d{1,15}$/, /^[^\0]{0,200}$/]) : []
      const rows = await service.listErrors(ctx, actor, params.id, { after: [line, column], limit: limit + 1 })
      const items = rows.slice(0, limit)
      const last = rows.length > limit ? items.at(-1) : undefined
      const next_cursor = last ? encodeCursor([last.line, last.column_name]) : null
      return { items: items.map(publicError), next_cursor }
    },
  })

  app.get('/imports/:id/rejected.csv', {
    config: { ...config, lasting: true, download: true },
    schema: {
      tags,
      summary: 'The rejected rows as they were, after a column that says why: to be corrected and uploaded again',
      params: ImportParams,
      produces: ['text/csv'],
      response: { 200: TextBody, ...problems(401, 404, 410) },
    },
    handler: async ({ actor, params, method }, reply) => {
      const row = await service.getDetailedImport(ctx, actor, params.id)
      return reply
        .headers({
          'content-type': 'text/csv; charset=utf-8',
          'content-disposition': `attachment; filename="rejected-${row.id}.csv"`,
        })
        .send(Readable.from(method === 'HEAD' ? [] : rejectedCsv(ctx, actor, row)))
    },
  })

  app.get('/imports/:id/progress', {
    config: { ...config, lasting: true },
    schema: {
      tags,
      summary: 'Server-sent events: the import each time it has changed, until nothing more happens to it',
      params: ImportParams,
      produces: ['text/event-stream'],
      response: { 200: TextBody, ...problems(401, 404) },
    },
    handler: async (request, reply) => {
      const { id } = await service.getImport(ctx, request.actor, request.params.id)
      return reply
        .headers({ 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' })
        .send(Readable.from(progressEvents(ctx, () => request.readActor(), id)))
    },
  })
}
