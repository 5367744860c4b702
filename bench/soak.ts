import { readdirSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { ProcessContext } from '../src/platform/context.ts'
import { megabytesOf } from '../test/support/process-memory.ts'
import { runLoad } from './processes.ts'
import { median } from './statistics.ts'
import { startApi, UNREACHED_LIMITS } from './suite/api.ts'
import { describeWorkloads } from './suite/workloads.ts'
import { buildWorld } from './suite/world.ts'
import { withDatabase } from './support.ts'

/**
 * Does the API grow under hours of load? `node scripts/launch.mjs bench/soak.ts [--minutes 60] [--rate 200]
 * [--options=OF-NODE]`. Mixed load at a fixed rate; tells memory, open files and database connections of every API process
 * as time goes by, and in the end what they have grown by. Reads /proc, so it runs on Linux.
 */
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    rate: { type: 'string', default: '200' },
    tasks: { type: 'string', default: '100000' },
    options: { type: 'string' },
    pg: { type: 'string' },
  },
})
const [minutes, rate, tasks] = [values.minutes, values.rate, values.tasks].map(Number) as [number, number, number]
/** Seconds of load between two looks. */
const STRETCH = Math.min(30, minutes * 6)

interface Look {
  megabytes: number
  files: number
  connections: number
}

// Signed in once, for longer than an hour.
await withDatabase({ ...UNREACHED_LIMITS, ACCESS_TOKEN_MINUTES: '1440' }, async (ctx) => {
  const world = await buildWorld(ctx, tasks)
  const { api, stop } = await startApi(ctx, { options: values.options })
  try {
    const mixed = (await describeWorkloads(ctx, world))['mixed 90/10']
    const looks = new Map<number, Look[]>()
    const ends = performance.now() + minutes * 60_000
    while (performance.now() < ends) {
      // Where others work as well something may be too much at times, for which an hour is not to be thrown away.
      const load = {
        base: api.base,
        connections: 128,
        seconds: STRETCH,
        rate,
        pastCapacity: true,
        tokens: world.tokens,
      }
      const { p50, p99, refused } = await runLoad({ ...load, requests: mixed.requests(rate * STRETCH) })
      for (const pid of processesOf(api.child.pid ?? 0)) {
        const look = { ...lookAt(pid), connections: await countConnections(ctx) }
        looks.set(pid, [...(looks.get(pid) ?? []), look])
        const left = Math.max(0, (ends - performance.now()) / 60_000).toFixed(1)
        console.log(
          `${left} min left, process ${pid}: ${describe(look)}; p50 ${p50} ms, p99 ${p99} ms, ${refused} refused`,
        )
      }
      console.log(`  of the one asked: ${await ownWords(api.base)}`)
    }
    for (const [pid, all] of looks) console.log(`process ${pid} ${growthOf(all)}`)
  } finally {
    await stop()
  }
})

/** Of a process and those it started. */
function processesOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return [pid, ...(children ? children.split(' ').flatMap((child) => processesOf(Number(child))) : [])]
}

function lookAt(pid: number): Omit<Look, 'connections'> {
  return { megabytes: megabytesOf(pid, 'VmRSS'), files: readdirSync(`/proc/${pid}/fd`).length }
}

async function countConnections(ctx: ProcessContext): Promise<number> {
  const text = `select count(*) as n from pg_stat_activity where application_name like 'tasklog-api%'`
  return (await ctx.db.query<{ n: number }>({ text })).rows[0]?.n ?? 0
}

/** What a process says of the memory that JavaScript holds in it. */
async function ownWords(base: string): Promise<string> {
  const text = await (await fetch(`${base}/metrics`)).text()
  const of = (name: string) =>
    Math.round(Number(new RegExp(`^nodejs_${name}_bytes (\\S+)`, 'm').exec(text)?.[1]) / 2 ** 20)
  return `heap ${of('heap_size_used')} of ${of('heap_size_total')} MB, outside of it ${of('external_memory')} MB`
}

function describe({ megabytes, files, connections }: Look): string {
  return `${megabytes} MB resident, ${files} open files, ${connections} database connections in all`
}

/** The first quarter warms up; then the last quarter against the second one. */
function growthOf(all: Look[]): string {
  const quarter = Math.max(1, Math.floor(all.length / 4))
  const of = (looks: Look[], key: keyof Look) => median(looks.map((look) => look[key]))
  const grown = (['megabytes', 'files', 'connections'] as const).map((key) => {
    const [early, late] = [of(all.slice(quarter, 2 * quarter), key), of(all.slice(-quarter), key)]
    return `${key} ${early} → ${late} (${(100 * (late / early - 1)).toFixed(1)} %)`
  })
  return `from the second quarter to the last: ${grown.join(', ')}`
}
