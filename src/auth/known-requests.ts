import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { LRUCache } from 'lru-cache'
import { beforeRouting, type Listener } from '../platform/before-routing.ts'
import type { Page } from '../platform/cache.ts'
import type { Context } from '../platform/context.ts'
import { today } from '../platform/dates.ts'
import { type LimitState, limitHeaders } from '../platform/rate-limit.ts'
import { COMMON_HEADERS, JSON_TYPE } from '../platform/ready-made.ts'
import { isKnown, type KeptPage, pageHeaders } from '../platform/send-page.ts'
import { hasBody } from '../platform/slow-bodies.ts'
import { TurnBatch } from '../platform/turn-batch.ts'
import type { ActorLookup, FoundActor } from './actor-lookup.ts'
import type { AccessClaims, Tokens } from './tokens.ts'

const MAX_BYTES_REMEMBERED = 8 * 1024 * 1024
/** What one takes beside its texts. */
const ENTRY_BYTES = 500
/** So near to midnight nothing is remembered. */
const CLOSE_MS = 1_000

/** What a request means, as it was found when one just like it was answered. */
interface Known extends Pick<KeptPage, 'question' | 'isPast'> {
  claims: AccessClaims
  /** The day that `today` was. */
  day: string
  route: string
}

interface Arrived {
  request: IncomingMessage
  response: ServerResponse
  known: Known
  began: number
}

/** Whose request it is, and how far they are counted. */
interface Admission {
  found: FoundActor
  state: LimitState
}

/** Why that could not be found out. */
interface Failure {
  error: unknown
}

/** Of requests that go the way of all though it is known already who asks, or why that cannot be known. */
const admissions = new WeakMap<IncomingMessage, Admission | Failure>()

/** @throws what kept the short cut from finding out */
export function admissionOf(request: IncomingMessage): Admission | undefined {
  const admission = admissions.get(request)
  if (admission && 'error' in admission) throw admission.error
  return admission
}

/**
 * A short cut for pages that are kept. A request for an address, with an access token, that a page has been the answer to
 * needs no routing, parsing or validation. Asked anew is what may have changed: whether the session lives, what its user
 * may see, how often the data has changed; and it is counted. That is one question for all that arrive together. What
 * cannot be answered with a kept page then goes the way of all requests, where it is neither asked nor counted again.
 */
export class KnownRequests {
  readonly #app: FastifyInstance
  readonly #ctx: Context
  readonly #tokens: Tokens
  readonly #actors: ActorLookup
  readonly #known = new LRUCache<string, Known>({
    maxSize: MAX_BYTES_REMEMBERED,
    sizeCalculation: ({ question }, key) => question.length + key.length + ENTRY_BYTES,
  })
  readonly #arrived = new TurnBatch<Arrived, void>((arrived) => this.#answerAll([...arrived.keys()]))
  #today = ''
  #others: Listener = () => {}

  constructor(app: FastifyInstance, ctx: Context, tokens: Tokens, actors: ActorLookup) {
    this.#app = app
    this.#ctx = ctx
    this.#tokens = tokens
    this.#actors = actors
  }

  /** Puts the short cut before the way of all requests. */
  install(): void {
    this.#others = beforeRouting(this.#app.server, this.#ctx, (...request) => this.#take(...request))
    this.#app.addHook('onResponse', (request, reply, done) => {
      if (request.keptPage) void this.#remember(request, reply)
      done()
    })
  }

  async #remember(
    { keptPage, raw, routeOptions }: FastifyRequest,
    { statusCode, elapsedTime }: FastifyReply,
  ): Promise<void> {
    const { authorization } = raw.headers
    const { access, limit } = routeOptions.config
    const isAnswered = keptPage && (statusCode === 200 || statusCode === 304)
    if (!isAnswered || !authorization || access !== 'user' || limit || !isPlain(raw)) return
    const { timeZone } = this.#ctx.config
    const day = today(timeZone)
    if (this.#known.peek(keyOf(raw))?.day === day) return
    // Or it may have been answered as of the day before.
    if (today(timeZone, new Date(Date.now() - elapsedTime - CLOSE_MS)) !== day) return
    const claims = await this.#tokens.verifyHeader(authorization).catch(() => undefined)
    if (claims) this.#known.set(keyOf(raw), { ...keptPage, claims, day, route: routeOptions.url ?? '' })
  }

  #take(request: IncomingMessage, response: ServerResponse): boolean {
    const known = this.#known.get(keyOf(request))
    if (!known || !isPlain(request)) return false
    if (known.claims.expires <= Date.now() / 1_000) return false
    if (!this.#app.places.take('short')) return false
    void this.#arrived.join({ request, response, known, began: performance.now() })
    return true
  }

  async #answerAll(all: Arrived[]): Promise<void> {
    const admitted = await this.#admit(all).catch((error: unknown) => all.map(() => ({ error })))
    this.#today = today(this.#ctx.config.timeZone)
    for (const [i, arrived] of all.entries()) this.#answer(arrived, admitted[i])
  }

  /** @returns undefined for whoever has no session any more */
  async #admit(all: Arrived[]): Promise<(Admission | undefined)[]> {
    // Side by side. A token whose session has ended counts once more for its user, and is not known any more.
    const [actors, states] = await Promise.all([
      this.#actors.findAll(all.map(({ known: { claims } }) => claims.sessionId)),
      this.#ctx.limits.consumeAll(
        'user',
        all.map(({ known: { claims } }) => String(claims.userId)),
      ),
    ])
    return all.map(({ request, known: { claims } }, i) => {
      const [found, state] = [actors.get(claims.sessionId), states[i]]
      if (state && found?.actor.id === claims.userId) return { found, state }
      this.#known.delete(keyOf(request))
      return undefined
    })
  }

  #answer(arrived: Arrived, admission: Admission | Failure | undefined): void {
    this.#app.places.giveBack('short')
    const { request, response, known } = arrived
    const page = admission && 'found' in admission ? this.#findPage(known, admission) : undefined
    if (page) this.#send(arrived, page)
    else {
      if (admission) admissions.set(request, admission)
      this.#others(request, response)
    }
  }

  #findPage({ question, isPast, day }: Known, { found: { version }, state }: Admission) {
    if (state.exceeded || day !== this.#today) return undefined
    const page = this.#ctx.cache.peek({ question, isPast: isPast(version.now), version })
    return page && { ...page, limits: limitHeaders([state]) }
  }

  #send(
    { request, response, known: { route }, began }: Arrived,
    { etag, body, limits }: Page & { limits: object },
  ): void {
    const headers = { ...COMMON_HEADERS, ...limits, ...pageHeaders(etag, 'hit') }
    const status = isKnown(request.headers['if-none-match'], etag) ? 304 : 200
    if (status === 304) response.writeHead(304, headers).end()
    else response.writeHead(200, { ...headers, 'content-type': JSON_TYPE, 'content-length': body.length }).end(body)
    this.#ctx.metrics.pages.inc({ outcome: 'hit' })
    this.#ctx.metrics.requests.observe({ method: 'GET', route, status }, (performance.now() - began) / 1_000)
  }
}

/** Nothing in its head asks for more than the address and the token say. */
function isPlain(request: IncomingMessage): boolean {
  return request.method === 'GET' && !hasBody(request) && request.headers['content-encoding'] === undefined
}

const keyOf = ({ url, headers }: IncomingMessage) => `${url} ${headers.authorization}`
