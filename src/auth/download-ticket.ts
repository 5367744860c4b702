import type { FastifyReply, FastifyRequest, RouteShorthandOptions } from 'fastify'
import type { Static } from 'typebox'
import { nameFor, readCookie, refuseOtherSites, secured, setCookie } from './cookies.ts'
import type { DownloadBody } from './schemas.ts'
import type { AccessClaims, Tokens } from './tokens.ts'

/**
 * A browser saves a file as it arrives only from an address that it opens itself, where it sends no access token. For that it
 * is given a ticket: signed, for this session and this one address, in a cookie that is sent there only and gone once it was.
 */
const NAME = 'tasklog_download'
const LIFETIME_SECONDS = 60

/** Stands around the route that gives one out. */
export function ticketCookie(tokens: Tokens) {
  return {
    onSend: async (request, reply, payload) => {
      if (reply.statusCode !== 204) return payload
      const { path } = request.body as Static<typeof DownloadBody>
      const ticket = await tokens.signDownload(request.actor, path, LIFETIME_SECONDS)
      setCookie(reply, request, nameFor(request, NAME), ticket, { path: pathOf(path), maxAge: LIFETIME_SECONDS })
      return payload
    },
  } satisfies RouteShorthandOptions
}

/**
 * Who asks for a download without an access token. The session is looked up after that, as for any request.
 *
 * @returns undefined where the route takes no tickets, or none came
 * @throws AppError INVALID_TOKEN (401) when it is for another address or too old, COOKIE_NOT_FROM_HERE (403)
 */
export async function takeTicket(
  request: FastifyRequest,
  reply: FastifyReply,
  tokens: Tokens,
): Promise<AccessClaims | undefined> {
  if (!request.routeOptions.config.download) return undefined
  // The page that asked for it has said that it came over TLS; this request does not.
  const ticket = readCookie(request, secured(NAME), NAME)
  if (ticket === undefined) return undefined
  refuseOtherSites(request)
  const name = readCookie(request, secured(NAME)) === undefined ? NAME : secured(NAME)
  setCookie(reply, request, name, '', { path: pathOf(request.url), maxAge: 0 })
  return tokens.verifyDownload(ticket, request.url)
}

const pathOf = (address: string): string => address.split('?', 1)[0] ?? ''
