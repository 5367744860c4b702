import type { Actor } from '../src/auth/index.ts'
import { overviewPage, periodsPage } from '../src/overview/service.ts'
import { PageCache } from '../src/platform/cache.ts'
import type { ProcessContext } from '../src/platform/context.ts'
import { findVersion } from '../src/platform/data-version-queries.ts'
import type { KeptPage } from '../src/platform/send-page.ts'
import { fillWithHistory } from './history-data.ts'
import { percentile } from './statistics.ts'
import { argument, withDatabase } from './support.ts'

/**
 * How long do the numbers of the overview take, with nothing kept, and with the past kept and a task changed since? A million
 * tasks with three million superseded versions; `--pg=15` takes the PostgreSQL of the system instead of the one from npm,
 * `--rounds=3` is fewer than 10.
 */
const ROUNDS = Number(argument('--rounds=') ?? 10)
const NAME_WIDTH = 60

const admin: Actor = { id: 1, username: 'user1', role: 'admin', sessionId: '-' }
const member: Actor = { id: 500, username: 'user500', role: 'user', sessionId: '-' }
const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10)
const past = { from: daysAgo(490), to: daysAgo(401) }

await withDatabase(
  { DATABASE_POOL_SIZE: '2', STATEMENT_TIMEOUT_MS: '60000' },
  async (ctx) => {
    await fillWithHistory(ctx)
    console.log(
      ''.padEnd(NAME_WIDTH),
      ['nothing', 'max', 'changed', 'max'].map((head) => head.padStart(8)).join(' '),
      ' (ms)',
    )
    for (const [who, actor] of [
      ['administrator', admin],
      ['member of four projects', member],
    ] as const) {
      const present = () => overviewPage(ctx, actor)
      const days = () => periodsPage(ctx, actor, { period: 'day' })
      const weeks = () => periodsPage(ctx, actor, { period: 'week' })
      for (const [what, pages] of [
        ['all that the console shows', [present, days, weeks]],
        ['present', [present]],
        ['90 days', [days]],
        ['90 days, over a year ago', [() => periodsPage(ctx, actor, { period: 'day', ...past })]],
        ['90 days of the largest project', [() => periodsPage(ctx, actor, { period: 'day', projectId: 1 })]],
      ] as const) {
        const times = await measure(ctx, actor, () => pages.map((page) => page()))
        const columns = times.flatMap((each) => [percentile(each, 0.5), Math.max(...each)])
        console.log(`${who}: ${what}`.padEnd(NAME_WIDTH), columns.map((ms) => ms.toFixed(0).padStart(8)).join(' '))
      }
    }
  },
  { shared_buffers: '4GB' },
)

/** @returns milliseconds until all pages are there: with nothing kept, and then with a task changed since */
async function measure(ctx: ProcessContext, actor: Actor, pages: () => KeptPage[]): Promise<[number[], number[]]> {
  const readVersion = async () => ({ ...(await findVersion(ctx.db)), scope: actor.role })
  const ask = async (cache: PageCache) => {
    const started = performance.now()
    const version = await readVersion()
    const requests = pages().map((page) => ({ ...page, isPast: page.isPast(version.now), version, readVersion }))
    await Promise.all(requests.map((request) => cache.get(request)))
    return performance.now() - started
  }
  const times: [number[], number[]] = [[], []]
  for (let round = -1; round < ROUNDS; round++) {
    const cache = new PageCache(ctx.db)
    const nothing = await ask(cache)
    await ctx.db.query({
      text: `update tasks set status = case status when 'active' then 'pending' else 'active' end, version = version + 1,
                    valid_from = clock_timestamp(), updated_at = clock_timestamp() where id = 1000 * ${round + 2}`,
    })
    const changed = await ask(cache)
    if (round < 0) continue
    times[0].push(nothing)
    times[1].push(changed)
  }
  return times
}
