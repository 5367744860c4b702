import type { FastifyReply, FastifyRequest } from 'fastify'
import { cookieNotFromHere } from './errors.ts'

/** @returns the value of the first of these cookies that the request has */
export function readCookie({ headers }: FastifyRequest, ...names: string[]): string | undefined {
  const pairs = (headers.cookie ?? '').split(/; */)
  for (const name of names) {
    const pair = pairs.find((text) => text.startsWith(`${name}=`))
    if (pair) return pair.slice(name.length + 1)
  }
  return undefined
}

/** For no script and no other site. @param maxAge seconds; 0 removes it */
export function setCookie(
  reply: FastifyReply,
  request: FastifyRequest,
  name: string,
  value: string,
  { path, maxAge }: { path: string; maxAge: number },
): void {
  const secure = isSecure(request) || name.startsWith(SECURE) ? '; Secure' : ''
  reply.header('set-cookie', `${name}=${value}; Path=${path}; Max-Age=${maxAge}; HttpOnly; SameSite=Strict${secure}`)
}

const SECURE = '__Secure-'

export const secured = (name: string): string => SECURE + name

/** Browsers take a name that begins so over TLS only, so nobody in between can plant one (RFC 6265bis, 4.1.3.1). */
export function nameFor(request: FastifyRequest, name: string): string {
  return isSecure(request) ? secured(name) : name
}

/** A browser says itself where its page came from, so TLS is noticed behind a proxy that TRUST_PROXY does not name as well. */
function isSecure({ protocol, headers }: FastifyRequest): boolean {
  return protocol === 'https' || headers.origin?.startsWith('https://') === true
}

/**
 * A browser sends a cookie by itself, so the request must come from a page of ours: `Sec-Fetch-Site` says so, or where a
 * browser does not send that (over plain HTTP) `Origin`, which every `POST` of a browser has. Only JSON is taken, which no
 * other site's form can send.
 *
 * @throws AppError COOKIE_NOT_FROM_HERE (403)
 */
export function refuseOtherSites({ headers, host }: FastifyRequest): void {
  const { origin, 'sec-fetch-site': site, 'content-type': type } = headers
  const isOurs = site === undefined ? isFrom(origin, host) : site === 'same-origin'
  if (!isOurs || (type !== undefined && !/^application\/json\b/i.test(type))) throw cookieNotFromHere()
}

/** What no browser sends comes without one: there is nobody whose cookie could be misused. */
function isFrom(origin: string | undefined, host: string): boolean {
  return origin === undefined || origin === `https://${host}` || origin === `http://${host}`
}
