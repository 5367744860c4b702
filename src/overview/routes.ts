import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Context } from '../platform/context.ts'
import { problems } from '../platform/schemas.ts'
import { PageHeaders, pageAnswers, sendPage } from '../platform/send-page.ts'
import * as schemas from './schemas.ts'
import { overviewPage, periodsPage } from './service.ts'

/** `/api/v1/overview`: numbers of tasks, each of which is that of a list. */
export const overviewRoutes: FastifyPluginAsyncTypebox<{ ctx: Context }> = async (app, { ctx }) => {
  const tags = ['overview']
  const config = { access: 'user', cached: true } as const

  app.get('/overview', {
    config,
    schema: {
      tags,
      summary: 'How many of the tasks you can see are open, overdue, of each status and priority, and whose',
      querystring: schemas.OverviewQuery,
      headers: PageHeaders,
      response: { ...pageAnswers(schemas.Overview), ...problems(401) },
    },
    handler: async (request, reply) =>
      sendPage(ctx, request, reply, overviewPage(ctx, request.actor, request.query.project_id)),
  })

  app.get('/overview/periods', {
    config,
    schema: {
      tags,
      summary: 'Open, created and completed tasks of each day or week, exact at any time of the past',
      querystring: schemas.PeriodsQuery,
      headers: PageHeaders,
      response: { ...pageAnswers(schemas.Periods), ...problems(401, 410) },
    },
    handler: async (request, reply) => {
      const { period = 'day', from, to, project_id } = request.query
      const page = periodsPage(ctx, request.actor, { period, from, to, projectId: project_id })
      return sendPage(ctx, request, reply, page)
    },
  })
}
