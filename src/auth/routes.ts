import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'
import type { Context } from '../platform/context.ts'
import { afterId, idPage } from '../platform/cursor.ts'
import { problems } from '../platform/schemas.ts'
import { listUsers, type UserRow } from './queries.ts'
import * as schemas from './schemas.ts'
import type { AuthService, Client } from './service.ts'
import * as users from './users.ts'

interface Options {
  ctx: Context
  auth: AuthService
}

export const clientOf = (request: FastifyRequest): Client => ({
  address: request.ip,
  userAgent: request.headers['user-agent'],
})

const NoContent = Type.Null({ description: 'Done' })

/** `/api/v1/auth`: accounts and sessions of the person who asks. */
export const authRoutes: FastifyPluginAsyncTypebox<Options> = async (app, { auth }) => {
  const tags = ['auth']

  app.post('/auth/register', {
    config: { access: 'public', limit: 'registration' },
    schema: {
      tags,
      summary: 'Register',
      body: schemas.RegisterBody,
      response: { 201: schemas.User, ...problems(403, 409) },
    },
    handler: async ({ body }, reply) => sendCreated(reply, await auth.register(body)),
  })

  app.post('/auth/login', {
    config: { access: 'public' },
    schema: {
      tags,
      summary: 'Log in',
      body: schemas.LoginBody,
      response: { 200: schemas.TokenPair, ...problems(401) },
    },
    handler: (request) => auth.login(request.body.username, request.body.password, clientOf(request)),
  })

  app.post('/auth/refresh', {
    config: { access: 'public' },
    schema: {
      tags,
      summary: 'New tokens for a refresh token',
      body: schemas.RefreshBody,
      response: { 200: schemas.TokenPair, ...problems(401) },
    },
    handler: (request) => auth.refresh(request.body.refresh_token),
  })

  app.post('/auth/logout', {
    config: { access: 'user' },
    schema: { tags, summary: 'End this session', response: { 204: NoContent, ...problems(401) } },
    handler: async (request, reply) => {
      await auth.logout(request.actor)
      return reply.code(204).send(null)
    },
  })

  app.post('/auth/password', {
    config: { access: 'user' },
    schema: {
      tags,
      summary: 'Change the password; every other session ends',
      body: schemas.PasswordBody,
      response: { 204: NoContent, ...problems(401, 403) },
    },
    handler: async (request, reply) => {
      await auth.changePassword(request.actor, request.body.current_password, request.body.new_password)
      return reply.code(204).send(null)
    },
  })

  app.get('/auth/sessions', {
    config: { access: 'user' },
    schema: { tags, summary: 'Own sessions, newest first', response: { 200: schemas.SessionList, ...problems(401) } },
    handler: async ({ actor }) => {
      const rows = await auth.listSessions(actor)
      const items = rows.map(({ rotated_at, ...row }) => ({
        ...row,
        created_at: row.created_at.toISOString(),
        last_used_at: rotated_at.toISOString(),
        expires_at: row.expires_at.toISOString(),
        current: row.id === actor.sessionId,
      }))
      return { items }
    },
  })

  app.delete('/auth/sessions/:id', {
    config: { access: 'user' },
    schema: {
      tags,
      summary: 'End one of your sessions',
      params: schemas.SessionParams,
      response: { 204: NoContent, ...problems(401, 404) },
    },
    handler: async (request, reply) => {
      await auth.revokeSession(request.actor, request.params.id)
      return reply.code(204).send(null)
    },
  })
}

/** `/api/v1/users`: who am I, and for administrators everybody's accounts. */
export const userRoutes: FastifyPluginAsyncTypebox<Options> = async (app, { ctx, auth }) => {
  const tags = ['users']

  app.get('/users/me', {
    config: { access: 'user' },
    schema: { tags, summary: 'Who I am', response: { 200: schemas.User, ...problems(401) } },
    handler: async ({ actor }) => publicUser(await users.getUser(ctx, String(actor.id))),
  })

  app.get('/users', {
    config: { access: 'admin' },
    schema: {
      tags,
      summary: 'All users, by id',
      querystring: schemas.UserListQuery,
      response: { 200: schemas.UserPage, ...problems(401, 403) },
    },
    handler: async ({ query: { limit = 20, cursor } }) => {
      const rows = await listUsers(ctx.db, afterId(cursor), limit + 1)
      return idPage(rows, limit, (row) => row.id, publicUser)
    },
  })

  app.post('/users', {
    config: { access: 'admin' },
    schema: {
      tags,
      summary: 'Create a user, of any role',
      body: schemas.CreateUserBody,
      response: { 201: schemas.User, ...problems(401, 403, 409) },
    },
    handler: async ({ body: { role = 'user', ...input } }, reply) =>
      sendCreated(reply, await auth.createUser(input, role)),
  })

  app.get('/users/:id', {
    config: { access: 'admin' },
    schema: {
      tags,
      summary: 'One user',
      params: schemas.UserParams,
      response: { 200: schemas.User, ...problems(401, 403, 404) },
    },
    handler: async ({ params }) => publicUser(await users.getUser(ctx, params.id)),
  })

  app.patch('/users/:id', {
    config: { access: 'admin' },
    schema: {
      tags,
      summary: 'Change the role; counts from the next request on',
      params: schemas.UserParams,
      body: schemas.RoleBody,
      response: { 200: schemas.User, ...problems(401, 403, 404, 409) },
    },
    handler: async ({ params, body }) => publicUser(await users.changeRole(ctx, params.id, body.role)),
  })

  for (const [verb, change] of [
    ['disable', users.disableUser],
    ['enable', users.enableUser],
  ] as const) {
    app.post(`/users/:id/${verb}`, {
      config: { access: 'admin' },
      schema: {
        tags,
        summary: verb === 'disable' ? 'Disable; every session of the user ends' : 'Enable again; no session is revived',
        params: schemas.UserParams,
        response: { 200: schemas.User, ...problems(401, 403, 404, 409) },
      },
      handler: async ({ params }) => publicUser(await change(ctx, params.id)),
    })
  }
}

function sendCreated(reply: FastifyReply, user: UserRow): FastifyReply {
  return reply.code(201).header('location', `/api/v1/users/${user.id}`).send(publicUser(user))
}

function publicUser(row: UserRow) {
  const { id, username, email, role } = row
  return { id, username, email, role, disabled: row.disabled_at !== null, created_at: row.created_at.toISOString() }
}
