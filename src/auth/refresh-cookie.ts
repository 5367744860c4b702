import type { FastifyRequest, RouteShorthandOptions } from 'fastify'
import type { Config } from '../platform/config.ts'
import { nameFor, readCookie, refuseOtherSites, setCookie } from './cookies.ts'

const NAME = 'tasklog_refresh'
const PATH = '/api/v1/auth'

/**
 * The refresh token of a browser: in a cookie that no script can read, in place of the member of the body. These hooks stand
 * around the routes, so that what happens inside is the same for both. Asked for with `"cookie": true`.
 */
export function refreshCookie(config: Config) {
  // The end of the session itself is the server's to know; the cookie merely goes away about then.
  const maxAge = config.sessionDays * 86_400
  return {
    onRequest: async (request) => {
      if (readRefreshCookie(request) !== undefined) refuseOtherSites(request)
    },
    preValidation: async (request) => {
      if (!isCookieAsked(request)) return
      refuseOtherSites(request)
      const token = readRefreshCookie(request)
      // For a key the request is its bytes; where the cookie is what is sent, it belongs to them. For a login it is no input.
      if (token && request.bodyBytes && request.routeOptions.url?.endsWith('/refresh'))
        request.bodyBytes = Buffer.concat([request.bodyBytes, Buffer.from(`\n${token}`)])
    },
    onSend: async (request, reply, payload) => {
      const set = (value: string, maxAge: number) =>
        setCookie(reply, request, nameFor(request, NAME), value, { path: PATH, maxAge })
      if (reply.statusCode === 204 && readRefreshCookie(request) !== undefined) set('', 0)
      if (reply.statusCode !== 200 || !isCookieAsked(request)) return payload
      const { refresh_token, ...rest } = JSON.parse(String(payload))
      set(refresh_token, maxAge)
      return JSON.stringify(rest)
    },
  } satisfies RouteShorthandOptions
}

/** The refresh token that the request's cookie holds. */
export function readRefreshCookie(request: FastifyRequest): string | undefined {
  return readCookie(request, nameFor(request, NAME))
}

function isCookieAsked({ body }: FastifyRequest): boolean {
  return typeof body === 'object' && body !== null && 'cookie' in body && body.cookie === true
}
