import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { consoleNotBuilt } from './errors.ts'

/** What `npm run build` makes of web/. */
const BUILT = path.resolve(import.meta.dirname, '../../web/dist')

/** Stands in the built page wherever the browser wants to see the nonce of this answer (html.cspNonce of Vite). */
const NONCE = '__NONCE__'

/** File names hold a hash of the content, so what was fetched once is never asked for again. */
const YEAR_SECONDS = 31_536_000

interface Options {
  /** The folder with index.html and assets/. */
  folder?: string
}

/**
 * `/console`: the page of the console for every path below it, which the console itself tells apart, and its files.
 * `/` leads there.
 */
export async function consoleRoutes(app: FastifyInstance, { folder = BUILT }: Options): Promise<void> {
  app.addHook('onRoute', (route) => {
    route.config = { ...route.config, access: 'public' }
  })
  const schema = { hide: true }
  app.get('/', { schema }, async (_request, reply) => reply.redirect('/console/'))

  const page = await readFile(path.join(folder, 'index.html'), 'utf8').catch(() => undefined)
  const send = async (_request: unknown, reply: FastifyReply) => {
    if (page === undefined) throw consoleNotBuilt()
    return sendPage(reply, page)
  }
  app.get('/console', { schema }, async (_request, reply) => reply.redirect('/console/'))
  app.get('/console/*', { schema }, send)
  if (page === undefined) return
  await app.register(fastifyStatic, {
    root: path.join(folder, 'assets'),
    prefix: '/console/assets/',
    decorateReply: false,
    index: false,
    preCompressed: true,
    immutable: true,
    maxAge: YEAR_SECONDS * 1_000,
  })
}

function sendPage(reply: FastifyReply, page: string): FastifyReply {
  const nonce = randomBytes(18).toString('base64url')
  return reply
    .headers({
      'content-security-policy': contentSecurityPolicy(nonce),
      'cross-origin-opener-policy': 'same-origin',
      'permissions-policy': 'camera=(), geolocation=(), microphone=()',
      'cache-control': 'no-cache',
    })
    .type('text/html; charset=utf-8')
    .send(page.replaceAll(NONCE, nonce))
}

/**
 * Nothing but the console's own files and this server's API. The nonce is for the style elements that the component
 * library makes; no script is allowed by it that 'self' does not allow.
 */
function contentSecurityPolicy(nonce: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self'",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}
