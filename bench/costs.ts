import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import type { ProcessContext } from '../src/platform/context.ts'
import { megabytesOf } from '../test/support/process-memory.ts'
import { runLoad } from './processes.ts'
import { median } from './statistics.ts'
import { type Api, startApi, UNREACHED_LIMITS } from './suite/api.ts'
import { describeWorkloads, type Workload } from './suite/workloads.ts'
import { buildWorld, type World } from './suite/world.ts'
import { withDatabase } from './support.ts'

/**
 * Microseconds of processor time that a request takes, of the API, of PostgreSQL and of Redis:
 * `node scripts/launch.mjs bench/costs.ts`.
 *
 * --only=NAME: this workload · --against=FOLDER: in turns with another checkout, on the same database · --with=OPTIONS: in
 * turns with Node started with these options, which win over those there are; may be given more than once · --processes=N: in
 * turns with N processes · --rounds, --seconds, --connections, --tasks: sizes · --profile=FOLDER: a CPU profile of the API
 * there, to be read with bench/profile.ts
 */
const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    against: { type: 'string' },
    processes: { type: 'string' },
    with: { type: 'string', multiple: true, default: [] },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '32' },
    tasks: { type: 'string', default: '20000' },
    profile: { type: 'string' },
    pg: { type: 'string' },
  },
})
const [rounds, seconds, connections] = [Number(values.rounds), Number(values.seconds), Number(values.connections)]
/** A tick of the clock that /proc counts in, in microseconds. */
const TICK_US = 10_000
const REQUESTS = 30_000

interface Side extends Api {
  name: string
}

await withDatabase(UNREACHED_LIMITS, async (ctx) => {
  const world = await buildWorld(ctx, Number(values.tasks))
  const sides: Side[] = [{ name: 'here', ...(await startApi(ctx, { profile: values.profile })) }]
  for (const options of values.with) sides.push({ name: options, ...(await startApi(ctx, { options })) })
  if (values.processes) {
    const processes = Number(values.processes)
    sides.push({ name: `${processes} processes`, ...(await startApi(ctx, { processes })) })
  }
  if (values.against) sides.push({ name: 'there', ...(await startApi(ctx, { folder: path.resolve(values.against) })) })
  try {
    const workloads = Object.entries(await describeWorkloads(ctx, world))
    for (const [name, workload] of workloads.filter(([name]) => !values.only || name === values.only)) {
      await compare(ctx, world, sides, name, workload)
    }
  } finally {
    for (const side of sides) await side.stop()
  }
})

async function compare(ctx: ProcessContext, world: World, sides: Side[], name: string, workload: Workload) {
  const postmaster = await findPostmaster(ctx)
  console.log(
    `\n${name}: requests a second · p50, p99 in ms · µs of processor of the API, PostgreSQL, Redis · MB of the API`,
  )
  const results = new Map<Side, number[][]>(sides.map((side) => [side, []]))
  for (let round = 0; round < rounds; round++) {
    for (const side of sides) {
      const requests = workload.requests(name === 'cached list' ? 1 : REQUESTS)
      const processes = () => [
        familyOf(side.api.child.pid ?? 0),
        familyOf(postmaster),
        side.redisPid ? [side.redisPid] : [],
      ]
      const before = processes().map(cpuOf)
      const load = { base: side.api.base, connections, seconds, tokens: world.tokens, requests }
      const { perSecond, p50, p99 } = await runLoad(load)
      const costs = processes().map((pids, i) => (cpuOf(pids) - (before[i] ?? 0)) / (perSecond * seconds))
      results.get(side)?.push([perSecond, p50, p99, ...costs, megabytesOf(side.api.child.pid, 'VmRSS')])
    }
  }
  for (const [side, all] of results) {
    const medians = [0, 1, 2, 3, 4, 5, 6].map((i) => median(all.map((one) => one[i] ?? 0)))
    const [perSecond, p50, p99, ...costs] = medians
    const memory = costs.pop()
    const rates = all.map(([rate]) => rate).join(' ')
    console.log(
      `  ${side.name}: ${perSecond} · ${p50}, ${p99} · ${costs.map(Math.round).join(', ')} · ${memory} (rates: ${rates})`,
    )
  }
}

async function findPostmaster({ db }: ProcessContext): Promise<number> {
  const { rows } = await db.query<{ pid: number }>({ text: 'select pg_backend_pid() as pid' })
  return fieldsOf(rows[0]?.pid ?? 0)[1] ?? 0
}

/** A process and its children; what those took that have ended is counted with it. */
function familyOf(pid: number): number[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
  return [pid, ...all.filter((one) => fieldsOf(one)[1] === pid)]
}

/** Microseconds. */
function cpuOf(pids: number[]): number {
  return (
    TICK_US *
    pids.reduce((sum, pid, i) => {
      const fields = fieldsOf(pid)
      const own = (fields[11] ?? 0) + (fields[12] ?? 0)
      return sum + own + (i === 0 ? (fields[13] ?? 0) + (fields[14] ?? 0) : 0)
    }, 0)
  )
}

/** Of /proc/PID/stat, from the state on (proc(5)). */
function fieldsOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
      .map(Number)
  } catch {
    return []
  }
}
