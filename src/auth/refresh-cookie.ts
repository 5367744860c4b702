import type { FastifyReply, FastifyRequest, RouteShorthandOptions } from 'fastify'
import type { Config } from '../platform/config.ts'
import { cookieNotFromHere } from './errors.ts'

const NAME = 'tasklog_refresh'
const PATH = '/api/v1/auth'

/**
 * The refresh token of a browser: in a cookie that no script can read, in place of the member of the body. These hooks stand
 * around the routes, so that what happens inside is the same for both. Asked for with `"cookie": true`.
 */
export function refreshCookie(config: Config) {
  const maxAge = config.sessionDays * 86_400
  return {
    onRequest: async (request) => {
      if (readCookie(request) !== undefined) refuseOtherSites(request)
    },
    preValidation: async (request) => {
      if (!isCookieAsked(request)) return
      refuseOtherSites(request)
      const token = readCookie(request)
      // For a key the request is its bytes; where the cookie is what is sent, it belongs to them. For a login it is no input.
      if (token && request.bodyBytes && request.routeOptions.url?.endsWith('/refresh'))
        request.bodyBytes = Buffer.concat([request.bodyBytes, Buffer.from(`\n${token}`)])
    },
    onSend: async (request, reply, payload) => {
      if (reply.statusCode === 204 && readCookie(request) !== undefined) setCookie(reply, request, '', 0)
      if (reply.statusCode !== 200 || !isCookieAsked(request)) return payload
      const { refresh_token, ...rest } = JSON.parse(String(payload))
      setCookie(reply, request, refresh_token, maxAge)
      return JSON.stringify(rest)
    },
  } satisfies RouteShorthandOptions
}

/** The refresh token that the request's cookie holds. */
export function readCookie(request: FastifyRequest): string | undefined {
  const pair = (request.headers.cookie ?? '').split(/; */).find((text) => text.startsWith(`${nameFor(request)}=`))
  return pair?.slice(pair.indexOf('=') + 1)
}

function isCookieAsked({ body }: FastifyRequest): boolean {
  return typeof body === 'object' && body !== null && 'cookie' in body && body.cookie === true
}

/** The end of the session itself is the server's to know; the cookie merely goes away about then. */
function setCookie(reply: FastifyReply, request: FastifyRequest, value: string, maxAge: number): void {
  const secure = isSecure(request) ? '; Secure' : ''
  const attributes = `Path=${PATH}; Max-Age=${maxAge}; HttpOnly; SameSite=Strict${secure}`
  reply.header('set-cookie', `${nameFor(request)}=${value}; ${attributes}`)
}

/** Browsers take a name that begins so over TLS only, so nobody in between can plant one (RFC 6265bis, 4.1.3.1). */
function nameFor(request: FastifyRequest): string {
  return isSecure(request) ? `__Secure-${NAME}` : NAME
}

/** A browser says itself where its page came from, so TLS is noticed behind a proxy that TRUST_PROXY does not name as well. */
function isSecure({ protocol, headers }: FastifyRequest): boolean {
  return protocol === 'https' || headers.origin?.startsWith('https://') === true
}

/**
 * A browser sends the cookie by itself, so the request must come from a page of ours: `Sec-Fetch-Site` says so, or where a
 * browser does not send that (over plain HTTP) `Origin`, which every `POST` of a browser has. Only JSON is taken, which no
 * other site's form can send.
 *
 * @throws AppError COOKIE_NOT_FROM_HERE (403)
 */
function refuseOtherSites({ headers, host }: FastifyRequest): void {
  const { origin, 'sec-fetch-site': site, 'content-type': type } = headers
  const isOurs = site === undefined ? isFrom(origin, host) : site === 'same-origin'
  if (!isOurs || (type !== undefined && !/^application\/json\b/i.test(type))) throw cookieNotFromHere()
}

/** What no browser sends comes without one: there is nobody whose cookie could be misused. */
function isFrom(origin: string | undefined, host: string): boolean {
  return origin === undefined || origin === `https://${host}` || origin === `http://${host}`
}
