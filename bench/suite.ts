import path from 'node:path'
import { parseArgs } from 'node:util'
import type { ProcessContext } from '../src/platform/context.ts'
import type { LoadResult } from './load.ts'
import { runLoad } from './processes.ts'
import { median } from './statistics.ts'
import { startApi, UNREACHED_LIMITS } from './suite/api.ts'
import { importRow } from './suite/import-row.ts'
import { bareArgon2, bareHttp, type Limit, pgbenchOf } from './suite/limits.ts'
import { type FixedRate, machine, type Report, type Row, tableOf, writeReport } from './suite/report.ts'
import { describeWorkloads, type Workload } from './suite/workloads.ts'
import { buildWorld, type World } from './suite/world.ts'
import { findProgram, withDatabase } from './support.ts'

/**
 * Every workload in turns with what the machine can do at most, on a PostgreSQL, a Redis and an API of its own:
 * `npm run bench`, which writes docs/performance.md and docs/performance.svg.
 *
 * --quick: one short round of each · --only=NAME: workloads whose name holds this; writes nothing · --large: a million
 * tasks · --tasks, --rows, --rounds, --seconds, --connections, --out: other sizes, and another folder to write to ·
 * --pg=15: the system's PostgreSQL
 */
const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    large: { type: 'boolean', default: false },
    only: { type: 'string' },
    tasks: { type: 'string' },
    rows: { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    connections: { type: 'string', default: '32' },
    out: { type: 'string', default: path.resolve(import.meta.dirname, '../docs') },
    pg: { type: 'string' },
  },
})
const tasks = Number(values.tasks ?? (values.large ? 1_000_000 : 100_000))
const rounds = Number(values.rounds ?? (values.quick ? 1 : 3))
const seconds = Number(values.seconds ?? (values.quick ? 1 : 4))
const rows = Number(values.rows ?? tasks)
const connections = Number(values.connections)
const REQUESTS = 30_000
const MIXED = 'mixed 90/10'

const isAsked = (name: string) => values.only === undefined || name.includes(values.only)

await withDatabase(UNREACHED_LIMITS, async (ctx) => {
  const world = await buildWorld(ctx, tasks)
  const { api, redisPid, stop } = await startApi(ctx)
  try {
    const report = await measureAll(ctx, world, api.base, redisPid !== undefined)
    if (values.only === undefined) await writeReport(values.out, report)
    console.log(`\n${tableOf(report)}`)
  } finally {
    await stop()
  }
})

async function measureAll(ctx: ProcessContext, world: World, base: string, hasRedis: boolean): Promise<Report> {
  const place = { ctx, world, connections }
  const pgbench = findProgram('pgbench')
  const measured: Row[] = []
  let fixed: FixedRate | undefined
  const limitOf = async (name: string, workload: Workload): Promise<Limit | undefined> => {
    if (name === 'cached list') return bareHttp(place, base, workload)
    if (name === 'login') return bareArgon2(place)
    return pgbench ? pgbenchOf(place, pgbench, workload) : undefined
  }
  for (const [name, workload] of Object.entries(await describeWorkloads(ctx, world))) {
    if (!isAsked(name)) continue
    const limit = await limitOf(name, workload)
    measured.push(await measure(name, workload, limit, world, base))
    limit?.stop()
    if (name === MIXED) fixed = await measureFixed(workload, world, base, (measured.at(-1)?.perSecond ?? 0) / 2)
  }
  if (isAsked('import')) measured.push(await importRow(rows, rounds, values.pg))
  const {
    rows: [server],
  } = await ctx.db.query<{ version: string }>({ text: `select current_setting('server_version') as version` })
  const title =
    `${new Date().toISOString().slice(0, 10)}: ${machine()}, PostgreSQL ${server?.version} with its default durability, ` +
    `${hasRedis ? 'Redis' : 'no Redis'}; API, database, clients on the same cores. ` +
    `${tasks.toLocaleString('en')} tasks, ${connections} connections, ${rounds} interleaved round(s) of ${seconds} s, medians.` +
    (pgbench ? '' : ' There was no pgbench here, so that the rows that it or psql limits have no limit.')
  return { title, rows: measured, fixed }
}

/** In turns with its limit, so that both see the same machine. */
async function measure(
  name: string,
  workload: Workload,
  limit: Limit | undefined,
  world: World,
  base: string,
): Promise<Row> {
  const results: LoadResult[] = []
  const limits: number[] = []
  for (let round = 0; round < rounds; round++) {
    if (limit) limits.push(await limit.run(seconds))
    const requests = workload.requests(name === 'cached list' ? 1 : REQUESTS)
    const load = { base, connections, seconds, warmUp: 0.5, tokens: world.tokens, requests }
    results.push(await runLoad(load))
  }
  const [perSecond, p50, p99] = (['perSecond', 'p50', 'p99'] as const).map((key) =>
    median(results.map((one) => one[key])),
  )
  const row: Row = { name, perSecond: perSecond ?? 0, latency: { p50: p50 ?? 0, p99: p99 ?? 0 } }
  if (limit) row.limit = { name: limit.name, perSecond: median(limits) }
  console.log(`${name}: ${results.map((one) => one.perSecond).join(' ')}, limit ${limits.join(' ')}`)
  return row
}

async function measureFixed(workload: Workload, world: World, base: string, rate: number): Promise<FixedRate> {
  const results: LoadResult[] = []
  for (let round = 0; round < rounds; round++) {
    const load = { base, connections: 4 * connections, seconds: 2 * seconds, warmUp: 0.5, rate, tokens: world.tokens }
    results.push(await runLoad({ ...load, requests: workload.requests(REQUESTS) }))
  }
  const [p50, p99, max] = (['p50', 'p99', 'max'] as const).map((key) => median(results.map((one) => one[key])))
  return { perSecond: Math.round(rate), p50: p50 ?? 0, p99: p99 ?? 0, max: max ?? 0 }
}
