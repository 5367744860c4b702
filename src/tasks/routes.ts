import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import Type, { type Static } from 'typebox'
import { type Answer, keyed } from '../idempotency/index.ts'
import type { Context } from '../platform/context.ts'
import { decodeCursor } from '../platform/cursor.ts'
import { invalidField } from '../platform/errors.ts'
import { sendJsonText } from '../platform/ready-made.ts'
import { problems } from '../platform/schemas.ts'
import { PageHeaders, pageAnswers, sendPage } from '../platform/send-page.ts'
import { readAsOf } from './as-of.ts'
import { readFilter } from './list-filter.ts'
import type { TaskPageRequest } from './list-queries.ts'
import { taskPage } from './list-service.ts'
import type { TaskText } from './queries.ts'
import * as schemas from './schemas.ts'
import { changeTask, createTask, deleteTask, etagOf, getTaskAsOf } from './service.ts'
import { TaskLookup } from './task-lookup.ts'

const NoContent = Type.Null({ description: 'Done' })
export const TaskAnswer = {
  ...Type.Ref('Task'),
  headers: { etag: Type.String({ description: 'Of the present state; to be sent as If-Match', examples: ['"3"'] }) },
}
export const POSITION = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$/

/** `/api/v1/tasks`. */
export const taskRoutes: FastifyPluginAsyncTypebox<{ ctx: Context }> = async (app, { ctx }) => {
  const tags = ['tasks']
  const config = { access: 'user' } as const
  const lookup = new TaskLookup(ctx)

  app.get('/tasks', {
    config: { ...config, cached: true },
    schema: {
      tags,
      summary: 'Tasks you can see, newest first; filters combine',
      querystring: schemas.TaskListQuery,
      headers: PageHeaders,
      response: { ...pageAnswers(schemas.TaskPage), ...problems(401, 410) },
    },
    handler: async (request, reply) => {
      const page = taskPage(ctx, request.actor, readPageRequest(request.query, ctx.config.timeZone))
      return sendPage(ctx, request, reply, page)
    },
  })

  app.post('/tasks', {
    config,
    schema: {
      tags,
      summary: 'Create a task',
      body: schemas.CreateTaskBody,
      response: { 201: TaskAnswer, ...problems(401, 403, 404, 409) },
    },
    handler: (request, reply) =>
      keyed(ctx, request, reply, async (ctx) => {
        const task = await createTask(ctx, request.actor, request.body)
        return taskAnswer(task, 201, { location: `/api/v1/tasks/${task.id}` })
      }),
  })

  app.get('/tasks/:id', {
    config,
    schema: {
      tags,
      summary: 'One task',
      params: schemas.TaskParams,
      querystring: schemas.AsOfQuery,
      response: { 200: TaskAnswer, ...problems(401, 404, 410) },
    },
    handler: async ({ actor, params, query }, reply) => {
      const at = query.as_of === undefined ? undefined : readAsOf(query.as_of, ctx.config.timeZone)
      if (!at) return sendTask(reply, await lookup.get(actor, params.id))
      // No ETag: If-Match speaks of the present state, and this is not it.
      return sendJsonText(reply, (await getTaskAsOf(ctx, actor, params.id, at)).json)
    },
  })

  app.patch('/tasks/:id', {
    config,
    schema: {
      tags,
      summary: 'Change a task; members left out keep their value',
      params: schemas.TaskParams,
      headers: schemas.VersionHeaders,
      body: schemas.ChangeTaskBody,
      response: { 200: TaskAnswer, ...problems(401, 403, 404, 409, 412) },
    },
    handler: async ({ actor, params, body, headers }, reply) =>
      sendTask(reply, await changeTask(ctx, actor, params.id, body, readIfMatch(headers['if-match']))),
  })

  app.delete('/tasks/:id', {
    config,
    schema: {
      tags,
      summary: 'Delete a task (softly: its history stays)',
      params: schemas.TaskParams,
      headers: schemas.VersionHeaders,
      response: { 204: NoContent, ...problems(401, 403, 404, 409, 412) },
    },
    handler: async ({ actor, params, headers }, reply) => {
      await deleteTask(ctx, actor, params.id, readIfMatch(headers['if-match']))
      return reply.code(204).send(null)
    },
  })
}

function readPageRequest(query: Static<typeof schemas.TaskListQuery>, timeZone: string): TaskPageRequest {
  const { limit = 20, sort = '-created_at', cursor, as_of } = query
  const [position = '', id = ''] = cursor ? decodeCursor(cursor, [POSITION, /^\d{1,15}$/]) : []
  return {
    filter: readFilter(query),
    asOf: as_of === undefined ? undefined : readAsOf(as_of, timeZone),
    direction: sort === '-created_at' ? 'desc' : 'asc',
    after: cursor ? [position, id] : undefined,
    limit,
    timeZone,
  }
}

export function sendTask(reply: FastifyReply, task: TaskText): FastifyReply {
  return sendJsonText(reply.header('etag', etagOf(task.version)), task.json)
}

/** The same for `keyed`. */
export function taskAnswer(task: TaskText, status = 200, headers: Record<string, string> = {}): Answer {
  return { status, headers: { etag: etagOf(task.version), ...headers }, body: task.json }
}

/** @returns the version in an If-Match header (RFC 9110, 13.1.1); null for none and for `*` */
export function readIfMatch(header: string | undefined): number | null {
  if (header === undefined || header.trim() === '*') return null
  const match = /^"([1-9]\d{0,8})"$/.exec(header.trim())
  if (!match) throw invalidField('headers', 'if-match', 'must be one ETag of a task, for instance "3"')
  return Number(match[1])
}
