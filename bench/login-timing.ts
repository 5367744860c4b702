import { createApp } from '../src/app.ts'
import { median } from './statistics.ts'
import { withDatabase } from './support.ts'

/**
 * Can a name be found out by the time a refused login takes? `node scripts/launch.mjs bench/login-timing.ts [pairs]`.
 * Interleaved pairs of a name nobody has and a wrong password. The area under the curve is the chance that the known name
 * took longer: 0.5 tells nothing.
 */
const pairs = Number(process.argv[2] ?? 1_000)
const env = {
  RATE_LIMIT_LOGIN_ADDRESS: '1000000/60',
  RATE_LIMIT_LOGIN_ACCOUNT: '1000000/60',
  RATE_LIMIT_ADDRESS: '1000000/60',
}

await withDatabase(env, async (ctx) => {
  const { http, auth } = await createApp(ctx)
  await auth.createUser({ username: 'known_name', password: 'quiet-otter-laughs' }, 'user')
  const times: Record<'known_name' | 'other_name', number[]> = { known_name: [], other_name: [] }
  for (let i = 0; i < pairs + 20; i++) {
    const order = i % 2 === 0 ? (['known_name', 'other_name'] as const) : (['other_name', 'known_name'] as const)
    for (const username of order) {
      const started = performance.now()
      await http.inject({ method: 'POST', url: '/login', payload: { username, password: 'wrong-password' } })
      if (i >= 20) times[username].push(performance.now() - started)
    }
  }
  const known = median(times.known_name)
  const other = median(times.other_name)
  console.log(
    `${pairs} pairs: known ${known.toFixed(2)} ms, unknown ${other.toFixed(2)} ms, difference ${(known - other).toFixed(2)} ms`,
  )
  console.log(`area under the curve ${areaUnderCurve(times.known_name, times.other_name).toFixed(3)}`)
  await http.close()
})

/** Mann-Whitney: the share of all pairs in which the first is larger. */
function areaUnderCurve(first: number[], second: number[]): number {
  let larger = 0
  for (const a of first) for (const b of second) larger += a > b ? 1 : a === b ? 0.5 : 0
  return larger / (first.length * second.length)
}
