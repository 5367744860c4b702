import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Static } from 'typebox'
import type { Context } from '../platform/context.ts'
import { today } from '../platform/dates.ts'
import { XLSX } from '../platform/media-types.ts'
import { problems } from '../platform/schemas.ts'
import { readAsOf, readFilter, type TaskLineFormat, type TaskSelection } from '../tasks/index.ts'
import { CsvExportQuery, FileAnswer, NdjsonExportQuery } from './schemas.ts'
import { checkExport, openExport } from './service.ts'

const [CSV, NDJSON] = ['text/csv', 'application/x-ndjson']
const EXTENSIONS = { csv: 'csv', 'raw csv': 'csv', ndjson: 'ndjson', cells: 'xlsx' }

/** `/api/v1/tasks.csv`, `/api/v1/tasks.ndjson` and `/api/v1/tasks.xlsx`. */
export const exportRoutes: FastifyPluginAsyncTypebox<{ ctx: Context }> = async (app, { ctx }) => {
  const tags = ['tasks']
  const config = { access: 'user', lasting: true, download: true } as const

  app.get('/tasks.csv', {
    config,
    schema: {
      tags,
      summary: 'All tasks of a list as one CSV file',
      querystring: CsvExportQuery,
      response: { 200: FileAnswer(CSV, 'RFC 4180, UTF-8, with a header'), ...problems(401, 410) },
    },
    handler: (request, reply) =>
      sendFile(ctx, request, reply, request.query, request.query.raw ? 'raw csv' : 'csv', `${CSV}; charset=utf-8`),
  })

  app.get('/tasks.ndjson', {
    config,
    schema: {
      tags,
      summary: 'All tasks of a list as one file, a JSON object on each line',
      querystring: NdjsonExportQuery,
      response: { 200: FileAnswer(NDJSON, 'A Task on each line'), ...problems(401, 410) },
    },
    handler: (request, reply) => sendFile(ctx, request, reply, request.query, 'ndjson', NDJSON),
  })

  app.get('/tasks.xlsx', {
    config,
    schema: {
      tags,
      summary: 'All tasks of a list as one workbook',
      description:
        'Texts, numbers and dates, no formulas. Days and times are those of the time zone of the installation.',
      querystring: NdjsonExportQuery,
      response: { 200: FileAnswer(XLSX, 'Office Open XML, with a header on each sheet'), ...problems(401, 410) },
    },
    handler: (request, reply) => sendFile(ctx, request, reply, request.query, 'cells', XLSX),
  })
}

type Query = Static<typeof NdjsonExportQuery>

async function sendFile(
  ctx: Context,
  { actor, method }: FastifyRequest,
  reply: FastifyReply,
  query: Query,
  format: TaskLineFormat,
  contentType: string,
): Promise<FastifyReply> {
  const selection = readSelection(query, ctx.config.timeZone)
  const name = `tasks-${dayOf(selection, ctx.config.timeZone)}.${EXTENSIONS[format]}`
  const headers = { 'content-type': contentType, 'content-disposition': `attachment; filename="${name}"` }
  // A browser asks before it has the file saved: a download that is refused says nothing of why.
  if (method === 'HEAD') {
    await checkExport(ctx, selection)
    return reply.headers(headers).send()
  }
  const gone = new AbortController()
  if (reply.raw.destroyed) gone.abort()
  else reply.raw.once('close', () => gone.abort())
  const file = await openExport(ctx, actor, { ...selection, format }, gone.signal)
  return reply.headers(headers).send(file)
}

/** @throws AppError INVALID_REQUEST (400) naming the parameter */
function readSelection(query: Query, timeZone: string): TaskSelection {
  return {
    filter: readFilter(query),
    asOf: query.as_of === undefined ? undefined : readAsOf(query.as_of, timeZone),
    direction: query.sort === 'created_at' ? 'asc' : 'desc',
  }
}

/** The day whose tasks they are. */
function dayOf({ asOf }: TaskSelection, timeZone: string): string {
  if (!asOf) return today(timeZone)
  return 'day' in asOf ? asOf.day : today(timeZone, new Date(asOf.instant))
}
