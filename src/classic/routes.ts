import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import {
  type Account,
  type AuthService,
  LoginBody,
  logIn,
  RegisterBody,
  registrationOwner,
  TokenPair,
} from '../auth/index.ts'
import { logPage } from '../history/index.ts'
import { keyed } from '../idempotency/index.ts'
import type { Context } from '../platform/context.ts'
import { IdParams, problems } from '../platform/schemas.ts'
import { PageHeaders, pageAnswers, sendPage } from '../platform/send-page.ts'
import {
  changeTask,
  createTask,
  deleteTask,
  readIfMatch,
  sendTask,
  TaskAnswer,
  TaskLookup,
  taskAnswer,
  VersionHeaders,
} from '../tasks/index.ts'
import * as schemas from './schemas.ts'

/** The original contract's routes, but for the upload: see README.md beside this file. */
export const classicRoutes: FastifyPluginAsyncTypebox<{ ctx: Context; auth: AuthService }> = async (
  app,
  { ctx, auth },
) => {
  const tags = ['classic']
  const lookup = new TaskLookup(ctx)

  app.post('/register', {
    config: { access: 'public', limit: 'registration' },
    schema: {
      tags,
      summary: 'Register a user',
      body: RegisterBody,
      response: { 201: schemas.Registered, ...problems(403, 409) },
    },
    handler: (request, reply) => {
      const work = async (ctx: Context, account: Account) => {
        const { id, username, role } = await auth.addAccount(ctx.db, account)
        return { status: 201, body: { message: 'User registered successfully', id, username, role } }
      }
      const owner = registrationOwner(request.body.username)
      return keyed(ctx, request, reply, work, { owner, prepare: () => auth.prepareRegistration(request.body) })
    },
  })

  app.post('/login', {
    config: { access: 'public' },
    schema: { tags, summary: 'Log in', body: LoginBody, response: { 200: TokenPair, ...problems(401) } },
    handler: (request, reply) => logIn(ctx, auth, request, reply),
  })

  app.post('/task', {
    config: { access: 'user' },
    schema: {
      tags,
      summary: 'Create a task',
      body: schemas.CreateBody,
      response: { 201: TaskAnswer, ...problems(401, 403, 404) },
    },
    handler: (request, reply) =>
      keyed(ctx, request, reply, async (ctx) => {
        const task = await createTask(ctx, request.actor, request.body)
        return taskAnswer(task, 201, { location: `/task/${task.id}` })
      }),
  })

  app.put('/task/:id', {
    config: { access: 'user' },
    schema: {
      tags,
      summary: 'Update a task; fields left out keep their value',
      params: IdParams,
      headers: VersionHeaders,
      body: schemas.ChangeBody,
      response: { 200: TaskAnswer, ...problems(401, 403, 404, 409, 412) },
    },
    handler: async ({ actor, params, body, headers }, reply) =>
      sendTask(reply, await changeTask(ctx, actor, params.id, body, readIfMatch(headers['if-match']))),
  })

  app.delete('/task/:id', {
    config: { access: 'user' },
    schema: {
      tags,
      summary: 'Delete a task (softly)',
      params: IdParams,
      headers: VersionHeaders,
      response: { 200: schemas.Message, ...problems(401, 403, 404, 409, 412) },
    },
    handler: async ({ actor, params, headers }) => {
      await deleteTask(ctx, actor, params.id, readIfMatch(headers['if-match']))
      return { message: 'Task deleted successfully' }
    },
  })

  app.get('/task/:id', {
    config: { access: 'user' },
    schema: { tags, summary: 'One task', params: IdParams, response: { 200: TaskAnswer, ...problems(401, 404) } },
    handler: async ({ actor, params }, reply) => sendTask(reply, await lookup.get(actor, params.id)),
  })

  app.get('/tasks', {
    config: { access: 'user', cached: true },
    schema: {
      tags,
      summary: 'The task log of a day',
      querystring: schemas.LogQuery,
      headers: PageHeaders,
      response: { ...pageAnswers(schemas.Log), ...problems(401, 410) },
    },
    handler: async (request, reply) => {
      const { page = 1, per_page = 10, date } = request.query
      const rows = { offset: (page - 1) * per_page, limit: per_page }
      const log = logPage(ctx, request.actor, date, rows, ({ entries, total }) => {
        const head = `"total":${total},"pages":${Math.ceil(total / per_page)},"current_page":${page}`
        return `{"tasks":${entries},${head}}`
      })
      return sendPage(ctx, request, reply, log)
    },
  })
}
