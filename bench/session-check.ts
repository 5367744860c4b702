import Fastify, { type FastifyInstance } from 'fastify'
import { createApp } from '../src/app.ts'
import { ActorLookup } from '../src/auth/actor-lookup.ts'
import { findActors } from '../src/auth/session-queries.ts'
import type { LoadPlan } from './load.ts'
import { runLoad } from './processes.ts'
import { median } from './statistics.ts'
import { withDatabase } from './support.ts'

/**
 * What asking the database about the session costs a request: `node scripts/launch.mjs bench/session-check.ts`.
 * The same route three ways, interleaved, at 32 connections and at 1: nothing asked, one statement a request, one
 * statement for the requests of a turn of the event loop. Medians of 5 rounds of 3 s.
 */
const ROUNDS = 5
const SECONDS = 3

await withDatabase({}, async (ctx) => {
  const { http, auth } = await createApp(ctx)
  await auth.createUser({ username: 'bench', password: 'quiet-otter-laughs' }, 'user')
  const client = { address: '127.0.0.1', userAgent: 'bench' }
  const user = await auth.checkCredentials('bench', 'quiet-otter-laughs', client)
  const { access_token } = await auth.openSession(ctx.db, user, client)
  const { sessionId } = await auth.tokens.verifyAccess(access_token)
  await http.close()

  const lookup = new ActorLookup(ctx)
  const variants: Record<string, () => Promise<unknown>> = {
    'nothing asked': async () => 'yes',
    'a statement a request': async () => (await findActors(ctx.db, [sessionId], "''"))[0]?.username,
    'a count a turn': async () => (await lookup.find(sessionId))?.actor.username,
  }
  const servers = await Promise.all(Object.values(variants).map(listen))
  for (const connections of [32, 1]) {
    const results = Object.keys(variants).map((): { perSecond: number; p99: number }[] => [])
    for (let round = 0; round < ROUNDS; round++) {
      for (const [i, { url }] of servers.entries()) {
        const load = { base: url, connections, seconds: SECONDS, tokens: [], requests: [{ method: 'GET', path: '/' }] }
        results[i]?.push(await runLoad(load as LoadPlan))
      }
    }
    console.log(`\n${connections} connections`)
    for (const [i, name] of Object.keys(variants).entries()) {
      const rates = results[i] ?? []
      console.log(
        `  ${name.padEnd(22)} ${median(rates.map((r) => r.perSecond))} req/s, p99 ${median(rates.map((r) => r.p99))} ms`,
      )
    }
  }
  await Promise.all(servers.map(({ server }) => server.close()))
})

async function listen(work: () => Promise<unknown>): Promise<{ server: FastifyInstance; url: string }> {
  const server = Fastify()
  server.get('/', async () => ({ user: await work() }))
  return { server, url: await server.listen({ host: '127.0.0.1', port: 0 }) }
}
