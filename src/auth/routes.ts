import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import Type, { type Static } from 'typebox'
import { type Answer, keyed } from '../idempotency/index.ts'
import type { Context } from '../platform/context.ts'
import { afterId, idPage } from '../platform/cursor.ts'
import { invalidField } from '../platform/errors.ts'
import { problems } from '../platform/schemas.ts'
import { ticketCookie } from './download-ticket.ts'
import { invalidRefreshToken } from './errors.ts'
import { listUsers, type UserRow } from './queries.ts'
import { readRefreshCookie, refreshCookie } from './refresh-cookie.ts'
import * as schemas from './schemas.ts'
import { type AuthService, accountKey, type Client } from './service.ts'
import { parseRefreshToken } from './tokens.ts'
import * as users from './users.ts'

interface Options {
  ctx: Context
  auth: AuthService
}

const clientOf = (request: FastifyRequest): Client => ({
  address: request.ip,
  userAgent: request.headers['user-agent'],
})

const NoContent = Type.Null({ description: 'Done' })

/** `/api/v1/auth`: accounts and sessions of the person who asks. */
export const authRoutes: FastifyPluginAsyncTypebox<Options> = async (app, { ctx, auth }) => {
  const tags = ['auth']
  const cookie = refreshCookie(ctx.config)

  app.post('/auth/register', {
    config: { access: 'public', limit: 'registration' },
    schema: {
      tags,
      summary: 'Register',
      body: schemas.RegisterBody,
      response: { 201: schemas.User, ...problems(403, 409) },
    },
    handler: (request, reply) =>
      keyed(ctx, request, reply, async (ctx, account) => created(await auth.addAccount(ctx.db, account)), {
        owner: registrationOwner(request.body.username),
        prepare: () => auth.prepareRegistration(request.body),
      }),
  })

  app.post('/auth/login', {
    ...cookie,
    config: { access: 'public' },
    schema: {
      tags,
      summary: 'Log in',
      body: schemas.BrowserLoginBody,
      response: { 200: schemas.BrowserTokenPair, ...problems(401, 403) },
    },
    handler: (request, reply) => logIn(ctx, auth, request, reply),
  })

  app.post('/auth/refresh', {
    ...cookie,
    config: { access: 'public' },
    schema: {
      tags,
      summary: 'New tokens for a refresh token',
      body: schemas.RefreshBody,
      response: { 200: schemas.BrowserTokenPair, ...problems(401, 403) },
    },
    handler: (request, reply) => {
      const token = parseRefreshToken(refreshTokenOf(request))
      const work = async (ctx: Context) => {
        const tokens = await auth.refresh(ctx.db, token)
        return tokens ? { status: 200, body: tokens } : { refused: invalidRefreshToken() }
      }
      return keyed(ctx, request, reply, work, {
        owner: `session ${token.sessionId}`,
        isReplayable: (db) => auth.isSuccessorUnused(db, token),
      })
    },
  })

  app.post('/auth/logout', {
    ...cookie,
    config: { access: 'user' },
    schema: { tags, summary: 'End this session', response: { 204: NoContent, ...problems(401, 403) } },
    handler: (request, reply) =>
      keyed(ctx, request, reply, async (ctx) => {
        await auth.logout(ctx.db, request.actor)
        return { status: 204 }
      }),
  })

  app.post('/auth/password', {
    config: { access: 'user' },
    schema: {
      tags,
      summary: 'Change the password; every other session ends',
      body: schemas.PasswordBody,
      response: { 204: NoContent, ...problems(401, 403) },
    },
    handler: (request, reply) => {
      const { actor, body } = request
      const work = async (ctx: Context, password: Awaited<ReturnType<typeof prepare>>) => {
        await auth.changePassword(ctx.db, actor, password)
        return { status: 204 }
      }
      const prepare = () => auth.prepareNewPassword(actor, body.current_password, body.new_password)
      return keyed(ctx, request, reply, work, { prepare })
    },
  })

  app.post('/auth/downloads', {
    ...ticketCookie(auth.tokens),
    config: { access: 'user' },
    schema: {
      tags,
      summary: 'Let this browser save a file: for a minute it may open the address without an access token',
      body: schemas.DownloadBody,
      response: { 204: NoContent, ...problems(401) },
    },
    handler: (request, reply) => keyed(ctx, request, reply, async () => ({ status: 204 })),
  })

  app.get('/auth/sessions', {
    config: { access: 'user' },
    schema: {
      tags,
      summary: 'Own sessions, newest first, at most 100',
      response: { 200: schemas.SessionList, ...problems(401) },
    },
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
    handler: (request, reply) => {
      const { role = 'user', ...input } = request.body
      return keyed(ctx, request, reply, async (ctx, account) => created(await auth.addAccount(ctx.db, account)), {
        prepare: () => auth.prepareAccount(input, role),
      })
    },
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
      handler: (request, reply) =>
        keyed(ctx, request, reply, async (ctx) => {
          return { status: 200, body: publicUser(await change(ctx, request.params.id)) }
        }),
    })
  }
}

/**
 * The password is proved before a key is looked at: a replay costs an attempt like any login, and a new password or a
 * disabled account ends it.
 */
export function logIn(
  ctx: Context,
  auth: AuthService,
  request: FastifyRequest<{ Body: Static<typeof schemas.LoginBody> }>,
  reply: FastifyReply,
): Promise<void> {
  const { username, password } = request.body
  const client = clientOf(request)
  return keyed(
    ctx,
    request,
    reply,
    async (ctx, user) => ({ status: 200, body: await auth.openSession(ctx.db, user, client) }),
    {
      owner: `login ${accountKey(username)}`,
      prepare: () => auth.checkCredentials(username, password, client),
      proves: true,
    },
  )
}

/** @throws AppError INVALID_REQUEST (400) unless there is one of the two, INVALID_REFRESH_TOKEN (401) without a cookie */
function refreshTokenOf(request: FastifyRequest<{ Body: Static<typeof schemas.RefreshBody> }>): string {
  const { refresh_token, cookie } = request.body
  if (!cookie && refresh_token !== undefined) return refresh_token
  if (!cookie) throw invalidField('body', 'refresh_token', 'is required, unless cookie is true')
  if (refresh_token !== undefined) throw invalidField('body', 'refresh_token', 'is not taken when cookie is true')
  const token = readRefreshCookie(request)
  if (token === undefined) throw invalidRefreshToken()
  return token
}

/** Whose key it is that makes this account. */
export const registrationOwner = (username: string) => `register ${accountKey(username)}`

function created(user: UserRow): Answer {
  return { status: 201, headers: { location: `/api/v1/users/${user.id}` }, body: publicUser(user) }
}

function publicUser(row: UserRow) {
  const { id, username, email, role } = row
  return { id, username, email, role, disabled: row.disabled_at !== null, created_at: row.created_at.toISOString() }
}
