import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import Type, { type Static } from 'typebox'
import type { Context } from '../platform/context.ts'
import { decodeCursor } from '../platform/cursor.ts'
import { dayOrInstant, requireDay } from '../platform/dates.ts'
import { invalidField } from '../platform/errors.ts'
import { problems } from '../platform/schemas.ts'
import type { TaskFilter } from './list-queries.ts'
import type { TaskText } from './queries.ts'
import * as schemas from './schemas.ts'
import { changeTask, createTask, deleteTask, etagOf, getTask, listTaskPage } from './service.ts'

const NoContent = Type.Null({ description: 'Done' })
const TaskAnswer = Type.Ref('Task')
const POSITION = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$/

/** `/api/v1/tasks`. */
export const taskRoutes: FastifyPluginAsyncTypebox<{ ctx: Context }> = async (app, { ctx }) => {
  const tags = ['tasks']
  const config = { access: 'user' } as const

  app.get('/tasks', {
    config,
    schema: {
      tags,
      summary: 'Tasks you can see, newest first; filters combine',
      querystring: schemas.TaskListQuery,
      response: { 200: schemas.TaskPage, ...problems(401) },
    },
    handler: async ({ actor, query }, reply) => {
      const { limit = 20, sort = '-created_at', cursor } = query
      const [position = '', id = ''] = cursor ? decodeCursor(cursor, [POSITION, /^\d{1,15}$/]) : []
      const text = await listTaskPage(ctx, actor, {
        filter: readFilter(query),
        direction: sort === '-created_at' ? 'desc' : 'asc',
        after: cursor ? [position, id] : undefined,
        limit,
        timeZone: ctx.config.timeZone,
      })
      return sendJsonText(reply, text)
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
    handler: async ({ actor, body }, reply) => {
      const task = await createTask(ctx, actor, body)
      return sendTask(reply.code(201).header('location', `/api/v1/tasks/${task.id}`), task)
    },
  })

  app.get('/tasks/:id', {
    config,
    schema: {
      tags,
      summary: 'One task',
      params: schemas.TaskParams,
      response: { 200: TaskAnswer, ...problems(401, 404) },
    },
    handler: async ({ actor, params }, reply) => sendTask(reply, await getTask(ctx, actor, params.id)),
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

/** Text that is JSON already: no serializer touches it. */
export function sendJsonText(reply: FastifyReply, text: string): FastifyReply {
  return reply
    .header('content-type', 'application/json; charset=utf-8')
    .serializer((t) => t as string)
    .send(text)
}

function sendTask(reply: FastifyReply, task: TaskText): FastifyReply {
  return sendJsonText(reply.header('etag', etagOf(task.version)), task.json)
}

/** @returns the version in an If-Match header (RFC 9110, 13.1.1); null for none and for `*` */
function readIfMatch(header: string | undefined): number | null {
  if (header === undefined || header.trim() === '*') return null
  const match = /^"([1-9]\d{0,8})"$/.exec(header.trim())
  if (!match) throw invalidField('headers', 'if-match', 'must be one ETag of a task, for instance "3"')
  return Number(match[1])
}

function readFilter(query: Static<typeof schemas.TaskListQuery>): TaskFilter {
  const { assigned_user } = query
  const time = (name: 'created_from' | 'created_to' | 'updated_from' | 'updated_to') => {
    const text = query[name]
    return text === undefined ? undefined : dayOrInstant(name, text)
  }
  return {
    status: readList('status', query.status, schemas.STATUSES),
    priority: readList('priority', query.priority, schemas.PRIORITIES),
    assignedToMe: assigned_user === 'me',
    assignedUser: assigned_user === 'none' ? null : assigned_user === 'me' ? undefined : assigned_user,
    projectId: query.project_id,
    labels: query.label?.split(',').map((label) => label.trim()),
    createdFrom: time('created_from'),
    createdTo: time('created_to'),
    updatedFrom: time('updated_from'),
    updatedTo: time('updated_to'),
    dueFrom: query.due_from === undefined ? undefined : requireDay('due_from', query.due_from),
    dueTo: query.due_to === undefined ? undefined : requireDay('due_to', query.due_to),
    text: query.q,
  }
}

function readList(name: string, text: string | undefined, allowed: readonly string[]): string[] | undefined {
  if (text === undefined) return undefined
  const items = text.split(',').map((item) => item.trim())
  if (!items.every((item) => allowed.includes(item))) {
    throw invalidField('query', name, `must be one or more of ${allowed.join(', ')}, separated by commas`)
  }
  return items
}
