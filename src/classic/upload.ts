import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import type { Actor } from '../auth/index.ts'
import { type Answer, type AnswerText, RequestKey, sendText, toText } from '../idempotency/index.ts'
import {
  Import,
  ImportError,
  type ImportRow,
  isAtRest,
  listErrors,
  openUpload,
  originalOptions,
  publicError,
  publicImport,
  replayForFile,
  requireTarget,
  stageFile,
  UploadOnce,
  waitForImport,
} from '../imports/index.ts'
import type { Context } from '../platform/context.ts'
import { unsupportedMediaType } from '../platform/errors.ts'
import { leaveBodies } from '../platform/http.ts'
import { problems } from '../platform/schemas.ts'

const FIRST_ERRORS = 20

const UploadAnswer = Type.Object({
  message: Type.String(),
  url: Type.String({ description: 'Where to follow the import' }),
  errors_url: Type.String({ description: 'Every rejected row' }),
  ...Import.properties,
  errors: Type.Array(Type.Object({ ...ImportError.properties, reason: Type.String() })),
})

/** `POST /upload-csv` of the original contract. */
export const uploadRoute: FastifyPluginAsyncTypebox<{ ctx: Context }> = async (app, { ctx }) => {
  leaveBodies(app)

  app.post('/upload-csv', {
    config: { access: 'admin', limit: 'upload', upload: true },
    schema: {
      tags: ['classic'],
      summary: 'Bulk load tasks from a CSV file, multipart field `file`',
      consumes: ['multipart/form-data'],
      response: { 201: UploadAnswer, 202: UploadAnswer, ...problems(401, 403, 413, 415, 422) },
    },
    handler: async (request, reply) => {
      const { actor, raw, headers } = request
      if (!/^multipart\/form-data\b/i.test(headers['content-type'] ?? '')) {
        throw unsupportedMediaType('The file must be sent as multipart/form-data, in the field `file`.')
      }
      const key = RequestKey.of(ctx.config, request)
      const options = originalOptions(await requireTarget(ctx, actor, null))
      const file = await openUpload(raw, ctx.config.uploadLimitBytes)
      const say = (row: ImportRow, errors: Errors) => toText(reply, answerOf(row, errors))
      const once = key && new UploadOnce(key, (row) => say(row, []))
      const staged = await stageFile(ctx, actor, file, options, once)
      if (!('id' in staged)) return sendText(reply, await replayForFile(staged, file.bytes))
      return sendText(reply, await follow(ctx, actor, staged, say, once))
    },
  })
}

type Errors = Awaited<ReturnType<typeof listErrors>>

function answerOf(row: ImportRow, errors: Errors): Answer {
  const url = `/api/v1/imports/${row.id}`
  return {
    status: isAtRest(row) ? 201 : 202,
    headers: { location: url },
    body: {
      message: sentence(row),
      url,
      errors_url: `${url}/errors`,
      ...publicImport(row),
      errors: errors.map(publicError).map((error) => ({ ...error, reason: error.message })),
    },
  }
}

/** The file has been accepted: when its progress cannot be read, that is what is answered, and no failure. */
async function follow(
  ctx: Context,
  actor: Actor,
  accepted: ImportRow,
  say: (row: ImportRow, errors: Errors) => AnswerText,
  once: UploadOnce | undefined,
): Promise<AnswerText> {
  try {
    const row = await waitForImport(ctx, actor, accepted.id, ctx.config.uploadWaitMs)
    const errors = await listErrors(ctx, actor, row.id, { after: ['0', ''], limit: FIRST_ERRORS })
    const answer = say(row, errors)
    await once?.revise(ctx.db, answer)
    return answer
  } catch (error) {
    ctx.log.warn({ err: error, importId: accepted.id }, 'the progress of an accepted import cannot be read')
    return say(accepted, [])
  }
}

function sentence(row: ImportRow): string {
  if (row.state === 'failed') return row.failure ?? 'The import failed.'
  if (row.state === 'cancelled') return 'The import was cancelled.'
  if (row.state !== 'done') return 'The file has arrived and is being imported.'
  if (row.rows === 0) return 'The file has no rows.'
  if (row.rows === 1) return row.rejected === 0 ? 'The row was imported.' : 'The row was rejected.'
  return row.rejected === 0
    ? `All ${row.rows} rows were imported.`
    : `${row.rejected} of ${row.rows} rows ${row.rejected === 1 ? 'was' : 'were'} rejected.`
}
