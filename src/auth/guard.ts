import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import type { Context } from '../platform/context.ts'
import { addressKey, type LimitName, type LimitState, limitHeaders, refuseIfExceeded } from '../platform/rate-limit.ts'
import type { Actor } from './actor.ts'
import { adminRequired, authenticationRequired, invalidToken } from './errors.ts'
import { noteOwnWrites } from './own-writes.ts'
import { findActors } from './session-queries.ts'
import type { Tokens } from './tokens.ts'

/**
 * Decides for every route who may call it, and counts the call against the limits, before a byte of the body is read.
 * Deny by default: a route that does not declare `config.access` stops the start.
 */
export function guardRoutes(app: FastifyInstance, ctx: Context, tokens: Tokens): void {
  const actors = new ActorLookup(ctx)
  app.decorateRequest('actor')
  noteOwnWrites(app, ctx)
  const routes: RouteOptions[] = []
  app.addHook('onRoute', (route) => void routes.push(route))
  app.addHook('onReady', async () => {
    const open = routes.find((route) => route.config?.access === undefined)
    if (open) throw new Error(`${open.method} ${open.url} declares no access`)
  })
  app.addHook('onRequest', async (request, reply) => {
    const { access = 'public', limit } = request.routeOptions.config
    const states: LimitState[] = []
    const count = async (name: LimitName, key: string) => {
      states.push(await ctx.limits.consume(name, key))
      reply.headers(limitHeaders(states))
      refuseIfExceeded(states)
    }
    const address = addressKey(request.ip)
    if (access === 'public') {
      if (!request.is404 && isOperations(request)) return
      await count('address', address)
    } else {
      const actor = await authenticate(request, tokens, actors).catch(async (error) => {
        await count('address', address)
        throw error
      })
      request.actor = actor
      await count('user', String(actor.id))
      if (access === 'admin' && actor.role !== 'admin') throw adminRequired()
    }
    if (limit) await count(limit, request.actor ? String(request.actor.id) : address)
  })
}

/** Health and metrics are never limited: whoever watches must not go blind under load. */
function isOperations(request: FastifyRequest): boolean {
  return ['/livez', '/readyz', '/metrics'].includes(request.routeOptions.url ?? '')
}

async function authenticate(request: FastifyRequest, tokens: Tokens, actors: ActorLookup): Promise<Actor> {
  const { authorization } = request.headers
  if (authorization === undefined) throw authenticationRequired()
  const match = /^Bearer +([\w~+/.-]+=*)$/i.exec(authorization)
  if (!match?.[1]) throw invalidToken()
  const claims = await tokens.verifyAccess(match[1])
  const actor = await actors.find(claims.sessionId)
  if (!actor || actor.id !== claims.userId) throw invalidToken()
  return actor
}

/**
 * Asks the database about the session on every request, so that a logout, a new password, a disabled user or another
 * role counts from the next request on, in every process. Requests that arrive in the same turn of the event loop
 * share one statement (measured: bench/session-check.ts).
 */
export class ActorLookup {
  readonly #ctx: Context
  #batch: { ids: Set<string>; answer: Promise<Map<string, Actor>> } | undefined

  constructor(ctx: Context) {
    this.#ctx = ctx
  }

  async find(sessionId: string): Promise<Actor | undefined> {
    this.#batch ??= this.#open()
    this.#batch.ids.add(sessionId)
    return (await this.#batch.answer).get(sessionId)
  }

  #open() {
    const ids = new Set<string>()
    const answer = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      // Closed before it is asked: a request that comes later must not be given an earlier answer.
      this.#batch = undefined
      return this.#ask(ids)
    })
    return { ids, answer }
  }

  async #ask(ids: Set<string>): Promise<Map<string, Actor>> {
    const rows = await findActors(this.#ctx.db, [...ids])
    return new Map(rows.map(({ session_id, ...user }) => [session_id, { ...user, sessionId: session_id }]))
  }
}
