import type { Actor } from '../src/auth/index.ts'
import { overviewPage, periodsPage } from '../src/overview/service.ts'
import { fillWithHistory } from './history-data.ts'
import { percentile } from './statistics.ts'
import { withDatabase } from './support.ts'

/**
 * How long do the numbers of the overview take, with nothing kept? A million tasks with three million superseded versions;
 * `--pg=15` takes the PostgreSQL of the system instead of the one from npm.
 */
const ROUNDS = 10
const NAME_WIDTH = 60

const admin: Actor = { id: 1, username: 'user1', role: 'admin', sessionId: '-' }
const member: Actor = { id: 500, username: 'user500', role: 'user', sessionId: '-' }
const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10)
const past = { from: daysAgo(490), to: daysAgo(401) }

await withDatabase(
  { DATABASE_POOL_SIZE: '2', STATEMENT_TIMEOUT_MS: '60000' },
  async (ctx) => {
    await fillWithHistory(ctx)
    console.log(''.padEnd(NAME_WIDTH), 'p50'.padStart(8), 'max'.padStart(8), ' (ms)')
    for (const [who, actor] of [
      ['administrator', admin],
      ['member of four projects', member],
    ] as const) {
      for (const [what, read] of [
        ['present', () => overviewPage(ctx, actor)],
        ['90 days', () => periodsPage(ctx, actor, { period: 'day' })],
        ['13 weeks', () => periodsPage(ctx, actor, { period: 'week' })],
        ['90 days, over a year ago', () => periodsPage(ctx, actor, { period: 'day', ...past })],
        ['90 days of the largest project', () => periodsPage(ctx, actor, { period: 'day', projectId: 1 })],
      ] as const) {
        const times: number[] = []
        for (let round = -1; round < ROUNDS; round++) {
          const started = performance.now()
          await read().read(ctx.db)
          if (round >= 0) times.push(performance.now() - started)
        }
        const columns = [percentile(times, 0.5), Math.max(...times)].map((ms) => ms.toFixed(0).padStart(8))
        console.log(`${who}: ${what}`.padEnd(NAME_WIDTH), columns.join(' '))
      }
    }
  },
  { shared_buffers: '4GB' },
)
