import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import type { Context } from '../platform/context.ts'
import type { DataVersion } from '../platform/data-version.ts'
import { addressKey, type LimitName, type LimitState, limitHeaders, refuseIfExceeded } from '../platform/rate-limit.ts'
import { TurnBatch } from '../platform/turn-batch.ts'
import type { Actor } from './actor.ts'
import { takeTicket } from './download-ticket.ts'
import { adminRequired, authenticationRequired, invalidToken } from './errors.ts'
import { noteOwnWrites } from './own-writes.ts'
import { findActors } from './session-queries.ts'
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
  app.decorateRequest('readDataVersion')
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
      const { actor, version } = await authenticate(request, reply, tokens, actors).catch(async (error) => {
        await count('address', address)
        throw error
      })
      request.actor = actor
      request.dataVersion = version
      if (version) request.readDataVersion = async () => (await actors.find(actor.sessionId, true))?.version
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

async function authenticate(
  request: FastifyRequest,
  reply: FastifyReply,
  tokens: Tokens,
  actors: ActorLookup,
): Promise<FoundActor> {
  const claims = await readClaims(request, reply, tokens)
  const found = await actors.find(claims.sessionId, request.routeOptions.config.cached)
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
  const match = /^Bearer +([\w~+/.-]+=*)$/i.exec(authorization)
  if (!match?.[1]) throw invalidToken()
  return tokens.verifyAccess(match[1])
}

interface FoundActor {
  actor: Actor
  version: DataVersion | undefined
}

/**
 * Asks the database about the session on every request, so that a logout, a new password, a disabled user or another
 * role counts from the next request on, in every process. Requests that arrive in the same turn of the event loop
 * share one statement (measured: bench/session-check.ts).
 */
export class ActorLookup {
  readonly #ctx: Pick<Context, 'db'>
  readonly #scopeSql: string
  readonly #plain: TurnBatch<string, Map<string, FoundActor>>
  readonly #versioned: TurnBatch<string, Map<string, FoundActor>>

  /** @param scopeSql what the user `u` may read, as SQL for one text */
  constructor(ctx: Pick<Context, 'db'>, scopeSql = "''") {
    this.#ctx = ctx
    this.#scopeSql = scopeSql
    this.#plain = new TurnBatch((ids) => this.#ask([...ids.keys()], false))
    this.#versioned = new TurnBatch((ids) => this.#ask([...ids.keys()], true))
  }

  /** @param versioned to be told the version of the data as well */
  async find(sessionId: string, versioned = false): Promise<FoundActor | undefined> {
    return (await (versioned ? this.#versioned : this.#plain).join(sessionId)).get(sessionId)
  }

  async #ask(ids: string[], versioned: boolean): Promise<Map<string, FoundActor>> {
    const rows = await findActors(this.#ctx.db, ids, versioned ? this.#scopeSql : undefined)
    return new Map(
      rows.map(({ session_id: sessionId, id, username, role, ...version }) => [
        sessionId,
        { actor: { id, username, role, sessionId }, version: versioned ? (version as DataVersion) : undefined },
      ]),
    )
  }
}
