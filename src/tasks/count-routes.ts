import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import type { Context } from '../platform/context.ts'
import { MOST_SUGGESTIONS, problems, Strict, SuggestionQuery, Suggestions } from '../platform/schemas.ts'
import { readAsOf } from './as-of.ts'
import { countTasks, listLabels } from './count-queries.ts'
import { readFilter } from './list-filter.ts'
import { AsOfQuery, TaskFilterQuery } from './schemas.ts'
import { requireHistory } from './service.ts'

const MOST_COUNTED = 10_000

/** `GET /api/v1/tasks/count` and `/labels`: what a list of tasks says about itself. */
export const countRoutes: FastifyPluginAsyncTypebox<{ ctx: Context }> = async (app, { ctx }) => {
  const config = { access: 'user' } as const

  app.get('/tasks/count', {
    config,
    schema: {
      tags: ['tasks'],
      summary: 'How many tasks the list with these filters holds, up to 10,000',
      querystring: Strict({ ...TaskFilterQuery.properties, ...AsOfQuery.properties }),
      response: {
        200: Type.Object(
          { count: Type.Integer(), capped: Type.Boolean({ description: 'There are more' }) },
          { additionalProperties: false },
        ),
        ...problems(401, 410),
      },
    },
    handler: async ({ actor, query }) => {
      const { timeZone } = ctx.config
      const asOf = query.as_of === undefined ? undefined : readAsOf(query.as_of, timeZone)
      if (asOf) await requireHistory(ctx, asOf)
      const most = MOST_COUNTED + 1
      const found = await countTasks(ctx.db, actor, { filter: readFilter(query), asOf, timeZone, most })
      return { count: Math.min(found, MOST_COUNTED), capped: found > MOST_COUNTED }
    },
  })

  app.get('/labels', {
    config,
    schema: {
      tags: ['tasks'],
      summary: 'Labels of the newest tasks you can see, the most common first',
      querystring: SuggestionQuery,
      response: { 200: Suggestions, ...problems(401) },
    },
    handler: async ({ actor, query: { q = '' } }) => ({
      items: await listLabels(ctx.db, actor, { beginning: q, limit: MOST_SUGGESTIONS }),
    }),
  })
}
