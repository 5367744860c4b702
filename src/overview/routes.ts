import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Context } from '../platform/context.ts'
import { problems } from '../platform/schemas.ts'
import * as schemas from './schemas.ts'
import { readOverview, readPeriods } from './service.ts'

/** `/api/v1/overview`: numbers of tasks, each of which is that of a list. */
export const overviewRoutes: FastifyPluginAsyncTypebox<{ ctx: Context }> = async (app, { ctx }) => {
  const tags = ['overview']
  const config = { access: 'user' } as const

  app.get('/overview', {
    config,
    schema: {
      tags,
      summary: 'How many of the tasks you can see are open, overdue, of each status and priority, and whose',
      querystring: schemas.OverviewQuery,
      response: { 200: schemas.Overview, ...problems(401) },
    },
    handler: ({ actor, query }) => readOverview(ctx, actor, query.project_id),
  })

  app.get('/overview/periods', {
    config,
    schema: {
      tags,
      summary: 'Open, created and completed tasks of each day or week, exact at any time of the past',
      querystring: schemas.PeriodsQuery,
      response: { 200: schemas.Periods, ...problems(401, 410) },
    },
    handler: ({ actor, query: { period = 'day', from, to, project_id } }) =>
      readPeriods(ctx, actor, { period, from, to, projectId: project_id }),
  })
}
