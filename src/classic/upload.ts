import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import {
  hasEnded,
  Import,
  ImportError,
  listErrors,
  openUpload,
  publicError,
  publicImport,
  stageFile,
  waitForImport,
} from '../imports/index.ts'
import type { Context } from '../platform/context.ts'
import { unsupportedMediaType } from '../platform/errors.ts'
import { problems } from '../platform/schemas.ts'

const FIRST_ERRORS = 20

const Answer = Type.Object({
  message: Type.String(),
  url: Type.String({ description: 'Where to follow the import' }),
  errors_url: Type.String({ description: 'Every rejected row' }),
  ...Import.properties,
  errors: Type.Array(Type.Object({ ...ImportError.properties, reason: Type.String() })),
})

/** `POST /upload-csv` of the original contract. */
export const uploadRoute: FastifyPluginAsyncTypebox<{ ctx: Context }> = async (app, { ctx }) => {
  // The body is not read here: the handler streams it, once the caller is known to be allowed.
  app.addContentTypeParser('multipart/form-data', (_request, _payload, done) => done(null))

  app.post('/upload-csv', {
    config: { access: 'admin', limit: 'upload', upload: true },
    schema: {
      tags: ['classic'],
      summary: 'Bulk load tasks from a CSV file, multipart field `file`',
      consumes: ['multipart/form-data'],
      response: { 201: Answer, 202: Answer, ...problems(401, 403, 413, 415, 422) },
    },
    handler: async ({ actor, raw, headers }, reply) => {
      if (!headers['content-type']?.startsWith('multipart/form-data')) {
        throw unsupportedMediaType('The file must be sent as multipart/form-data, in the field `file`.')
      }
      const file = await openUpload(raw, ctx.config.uploadLimitBytes)
      const id = await stageFile(ctx, actor, file)
      const row = await waitForImport(ctx, actor, id, ctx.config.uploadWaitMs)
      const ended = hasEnded(row)
      const errors = await listErrors(ctx, actor, id, { after: ['0', ''], limit: FIRST_ERRORS })
      const url = `/api/v1/imports/${id}`
      return reply
        .code(ended ? 201 : 202)
        .header('location', url)
        .send({
          message: sentence(row),
          url,
          errors_url: `${url}/errors`,
          ...publicImport(row),
          errors: errors.map(publicError).map((error) => ({ ...error, reason: error.message })),
        })
    },
  })
}

function sentence(row: Parameters<typeof publicImport>[0]): string {
  if (row.state === 'failed') return row.failure ?? 'The import failed.'
  if (row.state !== 'done') return 'The file has arrived and is being imported.'
  return row.rejected === 0
    ? `All ${row.rows} rows were imported.`
    : `${row.rejected} of ${row.rows} rows were rejected.`
}
