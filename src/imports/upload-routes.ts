import type { IncomingMessage } from 'node:http'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import Type from 'typebox'
import { type Answer, RequestKey, sendText, toText } from '../idempotency/index.ts'
import type { Context } from '../platform/context.ts'
import { invalidRequest, unsupportedMediaType } from '../platform/errors.ts'
import { leaveBodies } from '../platform/http.ts'
import { XLSX } from '../platform/media-types.ts'
import { problems } from '../platform/schemas.ts'
import { displayName, openUpload } from './multipart.ts'
import { readOptions } from './options.ts'
import type { ImportRow } from './queries.ts'
import { publicImport, UploadQuery } from './schemas.ts'
import { requireTarget } from './service.ts'
import { stageFile, type UploadedFile } from './stage-file.ts'
import { replayForFile, UploadOnce } from './upload-once.ts'

/** `POST /api/v1/imports`, or `PUT` as `curl -T` sends it: a file on its way in. */
export const uploadRoutes: FastifyPluginAsyncTypebox<{ ctx: Context }> = async (app, { ctx }) => {
  leaveBodies(app)

  app.route({
    method: ['POST', 'PUT'],
    url: '/imports',
    config: { access: 'user', limit: 'upload', upload: true },
    schema: {
      tags: ['imports'],
      summary: 'Load tasks from a CSV file or a workbook (.xlsx): multipart field `file`, or the file itself',
      description: 'For administrators, and for maintainers into their project. Answered once the file is stored.',
      consumes: ['multipart/form-data', 'text/csv', XLSX],
      querystring: UploadQuery,
      response: { 202: Type.Ref('Import'), ...problems(401, 403, 404, 409, 413, 415, 422, 503, 507) },
    },
    handler: async (request, reply) => {
      const { actor, query } = request
      const projectId = await requireTarget(
        ctx,
        actor,
        query.project_id === undefined ? null : String(query.project_id),
      )
      const options = readOptions(query, projectId)
      const key = RequestKey.of(ctx.config, request)
      const file = await openFile(request, query.file_name, ctx.config.uploadLimitBytes)
      const accepted = (row: ImportRow) => toText(reply, importAnswer(row, 202))
      const once = key && new UploadOnce(key, accepted)
      const staged = await stageFile(ctx, actor, file, options, once)
      return sendText(reply, 'id' in staged ? accepted(staged) : await replayForFile(staged, file.bytes))
    },
  })
}

export function importAnswer(row: ImportRow, status: number): Answer {
  return { status, headers: { location: `/api/v1/imports/${row.id}` }, body: publicImport(row) }
}

/** `curl -T` names no type at all. */
async function openFile(
  { raw, headers }: FastifyRequest,
  name: string | undefined,
  limitBytes: number,
): Promise<UploadedFile> {
  const type = (headers['content-type'] ?? 'text/csv').split(';')[0]?.trim().toLowerCase()
  if (type === 'multipart/form-data') return openUpload(raw, limitBytes)
  if (type === 'text/csv' || type === XLSX) return { name: displayName(name), bytes: wholeBody(raw) }
  const types = `multipart/form-data, in the field \`file\`, or as text/csv or ${XLSX}`
  throw unsupportedMediaType(`The file must be sent as ${types}.`)
}

/** A body that is cut off is told apart from one that ends. */
async function* wholeBody(raw: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    yield* raw
  } catch {
    throw invalidRequest('The body ended before the whole file had arrived. Nothing was imported.')
  }
}
