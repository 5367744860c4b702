import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyRequest, LogController } from 'fastify'
import type { Context } from './context.ts'
import { atEndOfTurn } from './end-of-turn.ts'
import {
  type AppError,
  headersTooLarge,
  invalidField,
  invalidRequest,
  requestTimeout,
  routeNotFound,
  unsupportedMediaType,
} from './errors.ts'
import { parseStrictJson } from './json.ts'
import { lazyCompilers } from './lazy-compilers.ts'
import { shedOverload } from './overload.ts'
import { PROBLEM_TYPE, ProblemSchema, problemText, sendProblem } from './problem.ts'
import { coerceQuery } from './query-string.ts'
import { COMMON_HEADERS } from './ready-made.ts'
import { requestLog } from './request-log.ts'
import { hasBody, limitBodyTime, watchUpload } from './slow-bodies.ts'

/** How long a whole upload may take. */
const UPLOAD_TIMEOUT_MS = 3_600_000
/** How long a connection may be silent that waits for its client; twice that when something was sent just before. */
const SILENCE_MS = 12_000
/** How long a client that was too slow may go on sending before its connection is cut. */
const LINGER_MS = 1_000
const MAX_HEAD_BYTES = 16_384
/** Bounds what connections alone take, a few kB each. */
const MOST_CONNECTIONS = 5_000

/**
 * A Fastify instance with every default that would break a promise replaced: nothing is coerced or stripped,
 * JSON is parsed strictly, errors are problem documents, timeouts are set, forwarded addresses are trusted only
 * from the listed proxies.
 */
export function createHttpServer(ctx: Context): FastifyInstance {
  const { config } = ctx
  const app = Fastify({
    loggerInstance: ctx.log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: config.bodyLimitBytes,
    trustProxy: config.trustProxy ?? false,
    requestTimeout: UPLOAD_TIMEOUT_MS,
    connectionTimeout: SILENCE_MS,
    keepAliveTimeout: 65_000,
    http: { headersTimeout: 10_000, connectionsCheckingInterval: 2_000, maxHeaderSize: MAX_HEAD_BYTES },
    return503OnClosing: false, // a request that arrived before the socket closed is still answered
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
    routerOptions: { maxParamLength: 64, caseSensitive: true, ignoreTrailingSlash: false },
    genReqId: () => crypto.randomUUID(),
    childLoggerFactory: requestLog,
    clientErrorHandler: answerUnreadableRequest,
    frameworkErrors: (error, request, reply) => void sendProblem(error, request, reply),
    schemaController: { compilersFactory: lazyCompilers },
    ajv: {
      customOptions: { removeAdditional: false, coerceTypes: false, useDefaults: true, allErrors: true },
    },
  })
  app.addSchema(ProblemSchema)
  app.setErrorHandler(sendProblem)
  app.setNotFoundHandler(() => {
    throw routeNotFound()
  })
  app.server.maxConnections = MOST_CONNECTIONS
  acceptOnlyJson(app)
  limitClients(app)
  shedOverload(app, ctx)
  addRequestRules(app, ctx)
  return app
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The JSON body as it came, for a request with an Idempotency-Key. */
    bodyBytes: Buffer | undefined
  }
}

function acceptOnlyJson(app: FastifyInstance): void {
  app.decorateRequest('bodyBytes')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    try {
      checkJsonMediaType(request)
      if (request.headers['idempotency-key'] !== undefined) request.bodyBytes = body as Buffer
      // Clients that name the type of every request send nothing to a route that takes nothing.
      if (body.length === 0 && !request.routeOptions.schema?.body) return done(null, undefined)
      done(null, parseStrictJson(body as Buffer))
    } catch (error) {
      done(error as Error, undefined)
    }
  })
}

/** `application/json`, with at most `charset=utf-8`; Fastify itself takes more than that for JSON. */
function checkJsonMediaType(request: FastifyRequest): void {
  const header = request.headers['content-type'] ?? ''
  if (!/^application\/json(?: *; *charset="?utf-8"?)? *$/i.test(header)) {
    throw unsupportedMediaType('The body must be sent as application/json in UTF-8.')
  }
}

/** For the routes of `app` whose handler streams the body itself, once the caller is known to be allowed. */
export function leaveBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
}

/** Hooks with `done`: one that is async costs every request a turn of its own. */
function addRequestRules(app: FastifyInstance, ctx: Context): void {
  app.addHook('onRequest', (request, _reply, done) => done(errorOf(() => checkHead(request))))
  app.addHook('preValidation', (request, _reply, done) => done(errorOf(() => checkMembers(request))))
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (ctx.stopping.signal.aborted) reply.header('connection', 'close')
    reply.headers(COMMON_HEADERS)
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store')
    atEndOfTurn(() => {
      try {
        done(null, payload)
      } catch (error) {
        done(error as Error) // a header that cannot be sent: here nobody else would take the error
      }
    })
  })
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none'
    const status = reply.statusCode
    ctx.metrics.requests.observe({ method: request.method, route, status }, reply.elapsedTime / 1_000)
    if (ctx.log.isLevelEnabled('debug')) {
      const ms = Math.round(reply.elapsedTime * 10) / 10
      request.log.debug({ method: request.method, route, status, ms }, 'request')
    }
    done()
  })
}

function errorOf(check: () => void): Error | undefined {
  try {
    check()
    return undefined
  } catch (error) {
    return error as Error
  }
}

function checkHead(request: FastifyRequest): void {
  const path = request.url.split('?')[0] ?? ''
  // No path of ours needs an escape, so /tasks/%31 is not another way to say /tasks/1.
  if (path.includes('%')) throw invalidRequest('Percent-encoding is not allowed in the path.')
  checkQueryEncoding(request.url.slice(path.length))
  if (request.headers['content-encoding'] && request.headers['content-encoding'] !== 'identity') {
    throw unsupportedMediaType('Compressed bodies are not accepted.')
  }
}

function checkMembers(request: FastifyRequest): void {
  const { schema } = request.routeOptions
  // What stands in no API document (health, documentation) takes anything.
  if (!schema || schema.hide) return
  coerceQuery(schema.querystring ?? {}, request.query as Record<string, unknown>)
  // The validator looks only at what has a schema; without one, nothing is known.
  if (!schema.querystring) refuseMembers('query', request.query)
  if (!schema.body) refuseMembers('body', request.body)
  refuseCondition(request)
}

/** A condition that nobody looks at would let in the change that it was to keep out (RFC 9110, 13.1.1). */
function refuseCondition({ method, headers, routeOptions }: FastifyRequest): void {
  if (headers['if-match'] === undefined || method === 'GET' || method === 'HEAD') return
  const taken = routeOptions.schema?.headers as { properties?: object } | undefined
  if (taken?.properties && 'if-match' in taken.properties) return
  throw invalidField('headers', 'if-match', 'is not taken by this operation')
}

function checkQueryEncoding(query: string): void {
  try {
    // The parser leaves alone what is not UTF-8 in percent-encoding, so that `%ff` would be searched for as it stands.
    if (!decodeURIComponent(query).includes('\0')) return
  } catch {
    throw invalidRequest('The query is not UTF-8 in percent-encoding.')
  }
  throw invalidRequest('The query holds the character U+0000.')
}

function refuseMembers(place: 'body' | 'query', value: unknown): void {
  if (value === undefined || value === null) return
  if (typeof value !== 'object' || Array.isArray(value)) throw invalidRequest('This operation takes no body.')
  const [member] = Object.keys(value)
  if (member === undefined) return
  throw invalidField(place, member, place === 'query' ? 'is not a known parameter' : 'is not a known member')
}

/** Whatever comes of a request, also when it is refused: its body arrives and its answer is read without dawdling. */
function limitClients(app: FastifyInstance): void {
  app.addHook('onRequest', ({ raw, routeOptions }, { raw: answer }, done) => {
    // While we work on an answer both sides are silent, and it is not the client who dawdles.
    answer.on('timeout', (socket: Socket) => {
      if (socket.writableLength > 0) socket.destroy()
    })
    if (hasBody(raw)) {
      const giveUp = () => {
        if (answer.headersSent) raw.destroy()
        else endWith(raw.socket, requestTimeout())
      }
      if (routeOptions.config.upload) watchUpload(raw, giveUp)
      else limitBodyTime(raw, giveUp)
    }
    done()
  })
}

/** For bytes that are not an HTTP request at all, and for clients too slow to send one. */
function answerUnreadableRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) return
  endWith(socket, unreadable(error.code))
}

function unreadable(code: string | undefined): AppError {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return requestTimeout()
  if (code === 'HPE_HEADER_OVERFLOW') return headersTooLarge(MAX_HEAD_BYTES)
  return invalidRequest('The request could not be read.')
}

function endWith(socket: Socket, error: AppError): void {
  const body = problemText(error)
  socket.end(
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status]}\r\ncontent-type: ${PROBLEM_TYPE}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
  // A client that goes on sending keeps its side open.
  setTimeout(() => socket.destroy(), LINGER_MS).unref()
}
