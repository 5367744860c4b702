import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import { type AuthService, clientOf, LoginBody, RegisterBody, TokenPair } from '../auth/index.ts'
import { readLog } from '../history/index.ts'
import type { Context } from '../platform/context.ts'
import { IdParams, problems } from '../platform/schemas.ts'
import { changeTask, createTask, deleteTask, getTask, sendJsonText } from '../tasks/index.ts'
import * as schemas from './schemas.ts'

/** The original contract's routes, but for the upload: see README.md beside this file. */
export const classicRoutes: FastifyPluginAsyncTypebox<{ ctx: Context; auth: AuthService }> = async (
  app,
  { ctx, auth },
) => {
  const tags = ['classic']
  const Task = Type.Ref('Task')

  app.post('/register', {
    config: { access: 'public', limit: 'registration' },
    schema: {
      tags,
      summary: 'Register a user',
      body: RegisterBody,
      response: { 201: schemas.Registered, ...problems(403, 409) },
    },
    handler: async ({ body }, reply) => {
      const { id, username, role } = await auth.register(body)
      return reply.code(201).send({ message: 'User registered successfully', id, username, role })
    },
  })

  app.post('/login', {
    config: { access: 'public' },
    schema: { tags, summary: 'Log in', body: LoginBody, response: { 200: TokenPair, ...problems(401) } },
    handler: (request) => auth.login(request.body.username, request.body.password, clientOf(request)),
  })

  app.post('/task', {
    config: { access: 'user' },
    schema: {
      tags,
      summary: 'Create a task',
      body: schemas.CreateBody,
      response: { 201: Task, ...problems(401, 403, 404) },
    },
    handler: async ({ actor, body }, reply) => {
      const task = await createTask(ctx, actor, body)
      return sendJsonText(reply.code(201).header('location', `/task/${task.id}`), task.json)
    },
  })

  app.put('/task/:id', {
    config: { access: 'user' },
    schema: {
      tags,
      summary: 'Update a task; fields left out keep their value',
      params: IdParams,
      body: schemas.ChangeBody,
      response: { 200: Task, ...problems(401, 403, 404, 409) },
    },
    handler: async ({ actor, params, body }, reply) =>
      sendJsonText(reply, (await changeTask(ctx, actor, params.id, body)).json),
  })

  app.delete('/task/:id', {
    config: { access: 'user' },
    schema: {
      tags,
      summary: 'Delete a task (softly)',
      params: IdParams,
      response: { 200: schemas.Message, ...problems(401, 403, 404, 409) },
    },
    handler: async ({ actor, params }) => {
      await deleteTask(ctx, actor, params.id)
      return { message: 'Task deleted successfully' }
    },
  })

  app.get('/task/:id', {
    config: { access: 'user' },
    schema: { tags, summary: 'One task', params: IdParams, response: { 200: Task, ...problems(401, 404) } },
    handler: async ({ actor, params }, reply) => sendJsonText(reply, (await getTask(ctx, actor, params.id)).json),
  })

  app.get('/tasks', {
    config: { access: 'user' },
    schema: {
      tags,
      summary: 'The task log of a day',
      querystring: schemas.LogQuery,
      response: { 200: schemas.Log, ...problems(401) },
    },
    handler: async ({ actor, query }, reply) => {
      const { page = 1, per_page = 10, date } = query
      const log = await readLog(ctx, actor, date, { offset: (page - 1) * per_page, limit: per_page })
      const pages = Math.ceil(log.total / per_page)
      const head = `"total":${log.total},"pages":${pages},"current_page":${page}`
      return sendJsonText(reply.header('x-cache', log.cache), `{"tasks":${log.entries},${head}}`)
    },
  })
}
