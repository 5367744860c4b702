import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Static } from 'typebox'
import { keyed } from '../idempotency/index.ts'
import type { Context } from '../platform/context.ts'
import { AppError, invalidRequest } from '../platform/errors.ts'
import { problems } from '../platform/schemas.ts'
import * as schemas from './bulk-schemas.ts'
import { type Choice, changeTasks, deleteTasks } from './bulk-service.ts'
import { undoChanges } from './bulk-undo-service.ts'
import type { TaskFilter } from './filter-queries.ts'
import { readFilter } from './list-filter.ts'

/** `PATCH` and `DELETE /api/v1/tasks`: many tasks in one request, and the way back. */
export const bulkRoutes: FastifyPluginAsyncTypebox<{ ctx: Context }> = async (app, { ctx }) => {
  const tags = ['tasks']
  const config = { access: 'user' } as const

  app.patch('/tasks', {
    config,
    schema: {
      tags,
      summary: 'Change many tasks, named by id or by filter; members left out keep their value',
      body: schemas.ChangeTasksBody,
      response: { 200: schemas.TasksChanged, ...problems(401, 409) },
    },
    handler: ({ actor, body }) => changeTasks(ctx, actor, choose(body), body.changes),
  })

  app.delete('/tasks', {
    config,
    schema: {
      tags,
      summary: 'Delete many tasks (softly), named by id or by filter',
      body: schemas.DeleteTasksBody,
      response: { 200: schemas.TasksDeleted, ...problems(401, 409) },
    },
    handler: ({ actor, body }) => deleteTasks(ctx, actor, choose(body)),
  })

  app.post('/tasks/undo', {
    config,
    schema: {
      tags,
      summary: 'Take changes back: each task gets the state before the version given, unless it was changed since',
      body: schemas.UndoBody,
      response: { 200: schemas.Undone, ...problems(401, 409) },
    },
    handler: (request, reply) =>
      keyed(ctx, request, reply, async (ctx) => ({
        status: 200,
        body: await undoChanges(ctx, request.actor, request.body.changed),
      })),
  })
}

/** @throws AppError INVALID_REQUEST (400) unless there is exactly one of the two */
function choose({ ids, filter }: Static<typeof schemas.DeleteTasksBody>): Choice {
  if ((ids === undefined) === (filter === undefined)) throw invalidRequest('Send either ids or filter.')
  return ids ? { ids } : { filter: readBodyFilter(filter ?? {}) }
}

/** What is wrong with a member of the filter is said as for the list, but for where it stands. */
function readBodyFilter(filter: Parameters<typeof readFilter>[0]): TaskFilter {
  try {
    return readFilter(filter)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    const errors = error.options.errors?.map(({ pointer, detail }) => ({
      in: 'body' as const,
      pointer: `/filter${pointer}`,
      detail,
    }))
    throw invalidRequest(`filter.${error.message}`, errors)
  }
}
