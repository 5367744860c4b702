import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { createApp } from '../src/app.ts'
import { runLoad } from './processes.ts'
import { median } from './statistics.ts'
import { withDatabase } from './support.ts'

/**
 * What happens past capacity: `node scripts/launch.mjs bench/overload.ts [seconds] [rounds]`. First how many answers a second
 * there are at 64 connections; then requests arrive at half, one and two times that rate, whatever becomes of those before
 * (each has its time from when it was due). Tells how many were answered and refused, and how long the answered ones took.
 */
const [seconds = '5', rounds = '3'] = process.argv.slice(2).filter((arg) => /^\d+$/.test(arg))
const run = promisify(execFile)
const file = (name: string) => path.join(import.meta.dirname, name)

await withDatabase({ RATE_LIMIT_USER: '100000000/60' }, async (ctx) => {
  const { http, auth } = await createApp(ctx)
  await auth.createUser({ username: 'bench', password: 'quiet-otter-laughs' }, 'user')
  const client = { address: '127.0.0.1', userAgent: 'bench' }
  const user = await auth.checkCredentials('bench', 'quiet-otter-laughs', client)
  const { access_token: token } = await auth.openSession(ctx.db, user, client)
  const base = await http.listen({ host: '127.0.0.1', port: 0 })
  const url = `${base}/api/v1/projects`

  const load = async (...args: string[]) => JSON.parse((await run(process.execPath, args)).stdout)
  const requests = [{ method: 'GET' as const, path: '/api/v1/projects' }]
  const { perSecond: capacity } = await runLoad({
    base,
    connections: 64,
    seconds: Number(seconds),
    tokens: [token],
    requests,
  })
  console.log(`capacity ${capacity} req/s at 64 connections`)
  const results = new Map<number, { answered: number; refused: number; failed: number; p50: number; p99: number }[]>()
  for (let round = 0; round < Number(rounds); round++) {
    for (const share of [0.5, 1, 2]) {
      const one = await load(file('open-load.ts'), url, String(Math.round(capacity * share)), seconds, token)
      results.set(share, [...(results.get(share) ?? []), one])
    }
  }
  console.log('rate     answered/s  refused/s  failed  p50 ms  p99 ms (of those answered)')
  for (const [share, ones] of results) {
    const of = (key: 'answered' | 'refused' | 'failed' | 'p50' | 'p99') => median(ones.map((one) => one[key]))
    const perSecond = (count: number) => String(Math.round(count / Number(seconds)))
    console.log(
      `${String(share).padEnd(9)}${perSecond(of('answered')).padEnd(12)}${perSecond(of('refused')).padEnd(11)}` +
        `${String(of('failed')).padEnd(8)}${String(of('p50')).padEnd(8)}${of('p99')}`,
    )
  }
  await http.close()
})
