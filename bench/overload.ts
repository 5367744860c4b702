import { createApp } from '../src/app.ts'
import type { LoadPlan, LoadResult } from './load.ts'
import { runLoad } from './processes.ts'
import { median } from './statistics.ts'
import { withDatabase } from './support.ts'

/**
 * What happens past capacity: `node scripts/launch.mjs bench/overload.ts [seconds] [rounds]`. First how many answers a second
 * there are at 64 connections; then requests arrive at half, one, two and four times that rate, whatever becomes of those
 * before (each has its time from when it was due). Tells how many were answered and refused, and how long the answered took.
 */
const [seconds = 5, rounds = 3] = process.argv
  .slice(2)
  .filter((arg) => /^\d+$/.test(arg))
  .map(Number)
const CONNECTIONS = 1_000
const SHARES = [0.5, 1, 2, 4]

await withDatabase({ RATE_LIMIT_USER: '100000000/60' }, async (ctx) => {
  const { http, auth } = await createApp(ctx)
  await auth.createUser({ username: 'bench', password: 'quiet-otter-laughs' }, 'user')
  const client = { address: '127.0.0.1', userAgent: 'bench' }
  const user = await auth.checkCredentials('bench', 'quiet-otter-laughs', client)
  const { access_token: token } = await auth.openSession(ctx.db, user, client)
  const base = await http.listen({ host: '127.0.0.1', port: 0 })
  const load = (plan: Partial<LoadPlan>) =>
    runLoad({
      base,
      connections: CONNECTIONS,
      seconds,
      warmUp: 1,
      tokens: [token],
      requests: [{ method: 'GET', path: '/api/v1/projects' }],
      ...plan,
    })

  const { perSecond: capacity } = await load({ connections: 64 })
  console.log(`capacity ${capacity} requests a second at 64 connections`)
  const results = new Map<number, LoadResult[]>(SHARES.map((share) => [share, []]))
  for (let round = 0; round < rounds; round++)
    for (const [share, ones] of results)
      ones.push(await load({ rate: Math.round(capacity * share), pastCapacity: true }))
  console.log('| rate | answered/s | refused/s | p50 (ms) | p99 (ms) of those answered | longest |')
  for (const [share, ones] of results) {
    const of = (key: 'perSecond' | 'refused' | 'p50' | 'p99' | 'max') => Math.round(median(ones.map((one) => one[key])))
    const refused = Math.round(of('refused') / seconds)
    console.log(`| ${share} | ${of('perSecond')} | ${refused} | ${of('p50')} | ${of('p99')} | ${of('max')} |`)
  }
  await http.close()
})
