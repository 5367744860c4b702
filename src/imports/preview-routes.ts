import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { keyed } from '../idempotency/index.ts'
import type { Context } from '../platform/context.ts'
import { problems } from '../platform/schemas.ts'
import { previewFile } from './preview.ts'
import { PreviewAnswer, PreviewBody } from './preview-schemas.ts'
import { requireTarget } from './service.ts'

/** `POST /api/v1/imports/preview`: a look at a file before it is sent. */
export const previewRoutes: FastifyPluginAsyncTypebox<{ ctx: Context }> = async (app, { ctx }) => {
  app.post('/imports/preview', {
    config: { access: 'user' },
    schema: {
      tags: ['imports'],
      summary: 'How the beginning of a file would be read: encoding, delimiter, columns with samples, fields',
      description: 'For who may import into the project. Nothing of it is imported.',
      body: PreviewBody,
      response: { 200: PreviewAnswer, ...problems(401, 403, 404, 422) },
    },
    handler: (request, reply) =>
      keyed(ctx, request, reply, async (ctx) => {
        const { actor, body } = request
        await requireTarget(ctx, actor, body.project_id === undefined ? null : String(body.project_id))
        return { status: 200, body: await previewFile(body) }
      }),
  })
}
