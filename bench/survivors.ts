import { type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks'
import { createApp } from '../src/app.ts'
import { createContext } from '../src/platform/context.ts'
import { allocateYoung, collectGarbage } from '../src/platform/garbage.ts'
import { oldBytes } from '../test/support/process-memory.ts'
import type { LoadRequest } from './load.ts'
import { runLoad } from './processes.ts'
import { median } from './statistics.ts'
import { UNREACHED_LIMITS } from './suite/api.ts'
import { describeWorkloads } from './suite/workloads.ts'
import { buildWorld } from './suite/world.ts'
import { withDatabase } from './support.ts'

/**
 * How much of what a request allocates outlives the young generation though the request is over: what stays until the next full
 * collection, and makes the heap swing. `node scripts/launch.mjs bench/survivors.ts`.
 *
 * The application runs in this process, without Redis; counted is what the old generation grows by between two full
 * collections. Few connections, so that requests are short: what is under way survives rightly.
 */
const ROUNDS = 3
const SECONDS = 3
const CONNECTIONS = 4
/** `NODE_PERFORMANCE_GC_MAJOR` */
const FULL = 4
const LIVEZ: LoadRequest = { method: 'GET', path: '/livez' }

allocateYoung()
let fullCollections = 0
new PerformanceObserver((list) => {
  const entries = list.getEntries() as (PerformanceEntry & { detail: { kind: number } })[]
  for (const { detail } of entries) if (detail.kind === FULL) fullCollections++
}).observe({ entryTypes: ['gc'] })

await withDatabase(UNREACHED_LIMITS, async (ctx) => {
  const world = await buildWorld(ctx, 20_000)
  const own = createContext(ctx.config, { databaseUrl: ctx.config.databaseUrl ?? '', role: 'bench', log: ctx.log })
  const { http } = await createApp(own)
  const base = await http.listen({ host: '127.0.0.1', port: 0 })
  const workloads = await describeWorkloads(ctx, world)
  const names = ['cached list', 'one task', 'uncached list', 'create', 'patch'] as const
  for (const name of ['livez', ...names] as const) {
    const requests = name === 'livez' ? [LIVEZ] : workloads[name].requests(name === 'cached list' ? 1 : 30_000)
    const load = { base, connections: CONNECTIONS, tokens: world.tokens, requests }
    await runLoad({ ...load, seconds: 1 })
    const kept: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      collectGarbage()
      fullCollections = 0
      const before = oldBytes()
      const { perSecond } = await runLoad({ ...load, seconds: SECONDS })
      if (fullCollections <= 1) kept.push((oldBytes() - before) / perSecond / SECONDS)
    }
    const bytes =
      kept.length > 0 ? `${Math.round(median(kept))} bytes a request` : 'so much that all was collected meanwhile'
    console.log(`${name.padEnd(14)} ${bytes} (${kept.map(Math.round).join(', ')})`)
  }
})
process.exit()
