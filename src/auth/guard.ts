import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import type { Context } from '../platform/context.ts'
import { AppError } from '../platform/errors.ts'
import { addressKey, type LimitName, type LimitState, limitHeaders, refuseIfExceeded } from '../platform/rate-limit.ts'
import { ActorLookup, type FoundActor } from './actor-lookup.ts'
import { takeTicket } from './download-ticket.ts'
import { adminRequired, authenticationRequired, invalidToken } from './errors.ts'
import { admissionOf, KnownRequests } from './known-requests.ts'
import { noteOwnWrites } from './own-writes.ts'
import type { AccessClaims, Tokens } from './tokens.ts'

/**
 * Decides for every route who may call it, and counts the call against the limits, before a byte of the body is read.
 * Deny by default: a route that does not declare `config.access` stops the start.
 *
 * @param scopeSql what the user `u` may read, as SQL for one text: the policy stands above the guard
 */
export function guardRoutes(app: FastifyInstance, ctx: Context, tokens: Tokens, scopeSql: string): void {
  const actors = new ActorLookup(ctx, scopeSql)
  app.decorateRequest('actor')
  app.decorateRequest('dataVersion')
  // No closure for each request: V8 would allocate it among what is old, as it does what is assigned to a property.
  app.decorateRequest('readDataVersion', async function () {
    return (await actors.find(this.actor.sessionId))?.version
  })
  app.decorateRequest('readActor', async function () {
    const found = await actors.find(this.actor.sessionId)
    if (!found) throw invalidToken()
    return found.actor
  })
  app.decorateRequest('keptPage')
  new KnownRequests(app, ctx, tokens, actors).install()
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
    const counted = (state: LimitState) => {
      states.push(state)
      reply.headers(limitHeaders(states))
      refuseIfExceeded(states)
    }
    const count = async (name: LimitName, key: string) => counted(await ctx.limits.consume(name, key))
    const address = addressKey(request.ip)
    if (access === 'public') {
      if (!request.is404 && isOperations(request)) return
      await count('address', address)
    } else {
      const { actor, version } = await authenticate(request, reply, tokens, actors).catch(async (error) => {
        // Not when it is us who cannot tell: many who are known may share an address.
        if (error instanceof AppError) await count('address', address)
        throw error
      })
      request.actor = actor
      if (request.routeOptions.config.cached) request.dataVersion = version
      counted(admissionOf(request.raw)?.state ?? (await ctx.limits.consume('user', String(actor.id))))
      if (access === 'admin' && actor.role !== 'admin') throw adminRequired()
    }
    if (limit) await count(limit, request.actor ? String(request.actor.id) : address)
  })
}

/** Health and metrics are never limited: whoever watches must not go blind under load. */
function isOperations(request: FastifyRequest): boolean {
  return ['/livez', '/readyz', '/metrics'].includes(request.routeOptions.url ?? '')
}

async function authenticate(
  request: FastifyRequest,
  reply: FastifyReply,
  tokens: Tokens,
  actors: ActorLookup,
): Promise<FoundActor> {
  const admission = admissionOf(request.raw)
  if (admission) return admission.found
  const claims = await readClaims(request, reply, tokens)
  const found = await actors.find(claims.sessionId)
  if (found?.actor.id !== claims.userId) throw invalidToken()
  return found
}

async function readClaims(request: FastifyRequest, reply: FastifyReply, tokens: Tokens): Promise<AccessClaims> {
  const { authorization } = request.headers
  if (authorization === undefined) {
    const claims = await takeTicket(request, reply, tokens)
    if (!claims) throw authenticationRequired()
    return claims
  }
  return tokens.verifyHeader(authorization)
}
