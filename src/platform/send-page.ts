import type { FastifyReply, FastifyRequest } from 'fastify'
import Type, { type TSchema } from 'typebox'
import { CACHE_OUTCOMES, type CacheOutcome, type KeptPast } from './cache.ts'
import type { Context } from './context.ts'
import type { DataVersion } from './data-version.ts'
import type { Queryable } from './db.ts'
import { sendJsonText } from './ready-made.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Its pages are kept: what they depend on is read with the session. */
    cached?: boolean
  }
  interface FastifyRequest {
    /** On routes that are `cached`. */
    dataVersion: DataVersion | undefined
    /** As it is now; undefined when the asker may not ask any more. */
    readDataVersion: () => Promise<DataVersion | undefined>
    /** What was answered with, if it had been kept. */
    keptPage: Pick<KeptPage, 'question' | 'isPast'> | undefined
  }
}

/** A page as a feature describes it, for `sendPage`. */
export interface KeptPage {
  /** All that is asked, in one spelling; it begins with what kind of page this is. */
  question: string
  /**
   * True when the page changes only if the past does.
   *
   * @param now the database's clock, in seconds since 1970
   */
  isPast: (now: number) => boolean
  /** Whose request it is: a replica may be behind, but holds all that they have written. */
  reader: number
  /**
   * @param db the database or a replica of it
   * @param past for a page that shows the present, what of it is over
   * @returns the page as JSON
   */
  read: (db: Queryable, past: KeptPast) => Promise<string>
}

/** The request header of a page that is kept, for the route's schema. */
export const PageHeaders = Type.Object({
  'if-none-match': Type.Optional(
    Type.String({ description: 'ETags of pages you have; 304 without a body when one of them is still the page' }),
  ),
})

const HEADERS = {
  etag: Type.String({
    description: 'Of the page; to be sent as If-None-Match',
    examples: ['"0aBcDeFgHiJkLmNoPqRsTu"'],
  }),
  'x-cache': Type.Enum(CACHE_OUTCOMES, {
    description: 'Whether the page was kept, was read, or was read and cannot be kept as something is being written',
  }),
}

/** The answers of a route that sends pages, for its schema: with one, and without. */
export const pageAnswers = <T extends TSchema>(page: T) => ({
  200: { ...page, headers: HEADERS },
  304: Type.Null({ description: 'The page is the one you have', headers: HEADERS }),
})

/**
 * Answers with a page from the cache or from the database. `X-Cache` says which: `hit`, `miss`, or `bypass` for a page
 * that cannot be kept because something is being written.
 */
export async function sendPage(
  ctx: Pick<Context, 'cache' | 'metrics'>,
  request: FastifyRequest,
  reply: FastifyReply,
  { isPast, ...page }: KeptPage,
): Promise<FastifyReply> {
  const { dataVersion: version } = request
  if (!version) throw new Error('a route that sends pages must be declared as cached')
  const asked = { ...page, isPast: isPast(version.now), version, readVersion: () => request.readDataVersion() }
  const { body, etag, cache } = await ctx.cache.get(asked)
  ctx.metrics.pages.inc({ outcome: cache })
  if (cache === 'hit') request.keptPage = { question: page.question, isPast }
  reply.headers(pageHeaders(etag, cache))
  if (isKnown(request.headers['if-none-match'], etag)) return reply.code(304).send()
  return sendJsonText(reply, body)
}

/** A browser may keep it, but must ask each time whether it still is the page, and whether it may see it. */
export const pageHeaders = (etag: string, cache: CacheOutcome) => ({
  etag,
  'x-cache': cache,
  'cache-control': 'private, no-cache',
})

/** If-None-Match (RFC 9110, 13.1.2) compares weakly. */
export function isKnown(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  return header.trim() === '*' || header.split(',').some((known) => known.trim().replace(/^W\//, '') === etag)
}
