import type { IncomingMessage } from 'node:http'
import type { FastifyContextConfig, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { beforeRouting } from './before-routing.ts'
import type { Context } from './context.ts'
import { overloaded } from './errors.ts'
import { PROBLEM_TYPE, problemText, sendRefusal } from './problem.ts'
import { COMMON_HEADERS } from './ready-made.ts'
import { hasBody } from './slow-bodies.ts'

declare module 'fastify' {
  interface FastifyInstance {
    places: Places
  }
  interface FastifyContextConfig {
    /** Lasts as long as its client likes (uploads, exports, streams), and is counted apart from what is over in a moment. */
    lasting?: boolean
    /** Answered whatever else there is to do: whoever watches must not go blind under load. */
    neverShed?: boolean
  }
  interface FastifyRequest {
    /** As what it is counted now. */
    underWayAs: Kind | undefined
  }
}

type Kind = 'short' | 'arriving' | 'lasting'

/** Uploads, exports and streams at once in one process. */
const LASTING_AT_ONCE = 200
/** Bodies on their way, which wait in memory until they are whole. */
const ARRIVING_AT_ONCE = 500
/** Refusals are said in the log once, and again when there was none for this long. */
const QUIET_MS = 10_000

/**
 * Past its capacity a process answers what it can in time and refuses the rest at once. A bound on the requests under way
 * is all it takes: whatever is short (processor, connections, the database), it is requests under way that pile up, and none
 * waits longer than as many before it take. The delay of the event loop tells of the processor only, and of a single long
 * turn as much as of a queue. While a body is on its way its request is counted apart: whoever dawdles with it takes nothing
 * from the others.
 *
 * Most is refused before routing, where it costs least: past capacity there is no time to refuse in.
 */
export function shedOverload(app: FastifyInstance, ctx: Context): void {
  const places = new Places(ctx)
  app.decorate('places', places)
  app.decorateRequest('underWayAs')
  app.addHook('onRequest', (request, reply, done) => {
    const kind = kindOf(request.routeOptions.config)
    if (kind === undefined) return done()
    reply.raw.once('close', () => places.leave(request)) // answered, or given up by its client
    if (places.enter(request, reply, kind)) done()
  })
  app.addHook('preParsing', (request, reply, payload, done) => {
    const isArriving = request.underWayAs === 'short' && hasBody(request.raw)
    if (!isArriving || places.enter(request, reply, 'arriving')) done(null, payload)
  })
  app.addHook('preValidation', (request, reply, done) => {
    if (request.underWayAs !== 'arriving' || places.enter(request, reply, 'short')) done()
  })
  refuseBeforeRouting(app, places, ctx)
}

function refuseBeforeRouting(app: FastifyInstance, places: Places, ctx: Context): void {
  const error = overloaded()
  const body = problemText(error)
  const headers = {
    ...COMMON_HEADERS,
    ...error.options.headers,
    'cache-control': 'no-store',
    'content-type': PROBLEM_TYPE,
    'content-length': Buffer.byteLength(body),
  }
  const isShort = shortRequests(app)
  beforeRouting(app.server, ctx, (request, response) => {
    if (!places.areTaken('short') || hasBody(request) || !isShort(request)) return false
    places.countRefusal('short')
    ctx.metrics.requests.observe({ method: request.method, route: 'none', status: error.status }, 0)
    response.writeHead(error.status, headers).end(request.method === 'HEAD' ? undefined : body)
    return true
  })
}

/** @returns whether a request is certainly short; a few that are not certain are refused after routing */
function shortRequests(app: FastifyInstance): (request: IncomingMessage) => boolean {
  const others = new Set<string>()
  app.addHook('onRoute', ({ url, config = {} }) => {
    if (kindOf(config) !== 'short') others.add(url.replaceAll('.', '\\.').replace(/:\w+/g, '[^/?]+'))
  })
  let pattern: RegExp | undefined
  return ({ url = '' }) => {
    // Clients of a proxy name the server as well (RFC 9112, 3.2.2).
    pattern ??= new RegExp(`^(?:https?://[^/]*)?(?:${[...others].join('|')})(?:\\?|$)`)
    return !pattern.test(url)
  }
}

/** Who is under way, and how many may be. */
class Places {
  readonly #ctx: Context
  readonly #taken = { short: 0, arriving: 0, lasting: 0 }
  readonly #bounds: Record<Kind, number>
  #lastShed = Number.NEGATIVE_INFINITY

  constructor(ctx: Context) {
    this.#ctx = ctx
    this.#bounds = { short: ctx.config.requestsAtOnce, arriving: ARRIVING_AT_ONCE, lasting: LASTING_AT_ONCE }
    ctx.metrics.watchRequests(() => this.#taken)
  }

  /** Gives up the place it has. @returns false when there is none: the request is answered then */
  enter(request: FastifyRequest, reply: FastifyReply, kind: Kind): boolean {
    this.leave(request)
    if (this.take(kind)) request.underWayAs = kind
    else this.#refuse(reply, kind)
    return request.underWayAs !== undefined
  }

  leave(request: FastifyRequest): void {
    if (request.underWayAs) this.giveBack(request.underWayAs)
    request.underWayAs = undefined
  }

  /** @returns false when there is none */
  take(kind: Kind): boolean {
    if (this.areTaken(kind)) return false
    this.#taken[kind]++
    return true
  }

  giveBack(kind: Kind): void {
    this.#taken[kind]--
  }

  areTaken(kind: Kind): boolean {
    return this.#taken[kind] >= this.#bounds[kind]
  }

  /** One that is refused. */
  countRefusal(kind: Kind): void {
    this.#ctx.metrics.shed.inc()
    const now = performance.now()
    if (now - this.#lastShed > QUIET_MS)
      this.#ctx.log.warn({ kind, bound: this.#bounds[kind] }, 'too many requests at once; some are refused')
    this.#lastShed = now
  }

  #refuse(reply: FastifyReply, kind: Kind): void {
    this.countRefusal(kind)
    // Not thrown: that would be a line in the log for each.
    sendRefusal(reply, overloaded())
  }
}

function kindOf(config: FastifyContextConfig): Kind | undefined {
  if (config.neverShed) return undefined
  return config.lasting || config.upload ? 'lasting' : 'short'
}
