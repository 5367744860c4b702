import { timingSafeEqual } from 'node:crypto'
import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import type { ProcessContext } from './context.ts'
import { metricsForbidden } from './errors.ts'
import { isSchemaCurrent } from './migrate.ts'

/** A look at the dependencies is shared by everybody who asks within this time. */
const CHECK_TTL_MS = 1_000

type Check = 'ok' | 'away' | 'not migrated' | 'not configured'

/** `/livez`, `/readyz`, `/metrics`: for whoever runs the service. */
export const operationRoutes: FastifyPluginAsync<{ ctx: ProcessContext }> = async (app, { ctx }) => {
  const config = { access: 'public', neverShed: true } as const
  const schema = { hide: true }
  const check = cached(() => checkDependencies(ctx), CHECK_TTL_MS)

  app.get('/livez', { config, schema }, async () => ({ status: 'ok' }))

  app.get('/readyz', { config, schema }, async (_request, reply) => {
    const checks = await check()
    // Redis may be away: nothing is lost without it.
    const isStopping = ctx.stopping.signal.aborted
    const ready = checks.database === 'ok' && !ctx.isStarting && !isStopping
    if (!ready) reply.code(503).header('retry-after', '2')
    return { status: ready ? 'ok' : isStopping ? 'stopping' : 'unavailable', checks }
  })

  app.get('/metrics', { config, schema }, async (request, reply) => {
    if (!mayReadMetrics(ctx.config.metricsToken, request)) throw metricsForbidden()
    return reply.header('content-type', ctx.metrics.contentType).send(await ctx.metrics.text())
  })
}

async function checkDependencies(ctx: ProcessContext): Promise<Record<'database' | 'redis', Check>> {
  const [database, redis] = await Promise.all([checkDatabase(ctx), checkRedis(ctx)])
  return { database, redis }
}

async function checkDatabase(ctx: ProcessContext): Promise<Check> {
  try {
    return (await isSchemaCurrent(ctx.db.probe)) ? 'ok' : 'not migrated'
  } catch {
    return 'away'
  }
}

async function checkRedis(ctx: ProcessContext): Promise<Check> {
  if (!ctx.redis) return 'not configured'
  return ctx.redis.ping().then(
    () => 'ok' as const,
    () => 'away' as const,
  )
}

/** Headers by which a proxy says that it asks for somebody else. */
const FORWARDING = ['x-forwarded-for', 'x-real-ip', 'forwarded', 'via']

/** With a token: whoever sends it. Without: the machine itself, and nobody who came through a proxy. */
function mayReadMetrics(token: string | undefined, request: FastifyRequest): boolean {
  if (token === undefined) {
    const { remoteAddress = '' } = request.raw.socket
    const isHere = /^(?:::1|(?:::ffff:)?127\.)/.test(remoteAddress)
    return isHere && FORWARDING.every((name) => request.headers[name] === undefined)
  }
  const given = Buffer.from(request.headers.authorization ?? '')
  const expected = Buffer.from(`Bearer ${token}`)
  return given.length === expected.length && timingSafeEqual(given, expected)
}

function cached<T>(read: () => Promise<T>, ttlMs: number): () => Promise<T> {
  let value: Promise<T> | undefined
  return () => {
    if (!value) {
      value = read()
      setTimeout(() => {
        value = undefined
      }, ttlMs).unref()
    }
    return value
  }
}
