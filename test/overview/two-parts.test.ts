import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { calendarOf, quarterOf } from '../../src/overview/calendar.ts'
import {
  countPeriods,
  countPresent,
  type PeriodsCounts,
  type PresentCounts,
  type Side,
} from '../../src/overview/queries.ts'
import { daysAgo, plantTask } from '../history/past.ts'
import { CleanupStack } from '../support/app.ts'
import { buildTeam, type Team } from '../tasks/team.ts'

/** Where it ends is another moment after each midnight, and by the clock and time zone of each process. */
const ENDS = [0, 1, 2, 3, 4, 6, 10, 14, 89, 97, 103, 106, 200].map(daysAgo)
const AFTER_ALL = daysAgo(-3)

describe('what was and what has changed since add up, wherever the one ends', () => {
  const cleanup = new CleanupStack()
  let team: Team
  before(async () => {
    team = await buildTeam(cleanup)
    const states = [
      { status: 'pending' },
      { status: 'active', due_date: daysAgo(3), assigned_user_id: team.carl.id },
      { status: 'completed' },
      { status: 'completed', title: 'Changed' },
      { status: 'active', priority: 'LOW' },
      { deleted: true },
      { status: 'cancelled' },
    ]
    const more = { project_id: team.project, changed_by: team.olga.id }
    for (const time of ['00:00:00Z', '23:59:59.999999Z', '12:00:00Z']) {
      // In the quarter, and before it.
      for (const last of [2, 100]) {
        for (let length = 1; length <= states.length; length++) {
          const day = (i: number) => daysAgo(last + 2 * (length - 1 - i))
          const planted = states.slice(0, length).map((state, i) => ({ ...state, valid_from: `${day(i)}T${time}` }))
          await plantTask(
            team.app,
            planted.map((state) => ({ ...state, ...more })),
          )
        }
      }
    }
  })
  after(() => cleanup.run())

  for (const timeZone of ['UTC', 'America/New_York', 'Pacific/Auckland']) {
    test(`in ${timeZone}`, async () => {
      const { db } = team.app.ctx
      const actor = { id: team.admin.id, username: 'ada', role: 'admin', sessionId: '-' } as const
      const calendar = calendarOf(quarterOf(daysAgo(0)))
      const present = async (until: string, side: Side): Promise<PresentCounts> =>
        JSON.parse(await countPresent(db, { actor, timeZone, until }, side, daysAgo(1)))
      const periods = async (until: string, side: Side): Promise<PeriodsCounts> =>
        JSON.parse(await countPeriods(db, { actor, timeZone, until }, side, calendar))
      const presentAll = sumOf([await present(AFTER_ALL, 'until')])
      const periodsAll = (await periods(AFTER_ALL, 'until')).periods
      assert.ok(presentAll.size > 5 && periodsAll.some(([, , completed]) => completed > 0))
      for (const until of ENDS) {
        const parts = [await present(until, 'until'), await present(until, 'since')]
        assert.deepEqual(sumOf(parts), presentAll, until)
        assert.deepEqual(sumOf([await present(until, 'both')]), presentAll, until)
        const [was, since] = [await periods(until, 'until'), await periods(until, 'since')]
        const both = was.periods.map((counts, i) => counts.map((n, k) => n + (since.periods[i]?.[k] ?? Number.NaN)))
        assert.deepEqual(both, periodsAll, until)
        assert.deepEqual((await periods(until, 'both')).periods, periodsAll, until)
      }
    })
  }

  /** By kind and by person, those of whom there are any. */
  function sumOf(parts: PresentCounts[]): Map<string, number> {
    const sums = new Map<string, number>()
    for (const [...row] of parts.flatMap(({ kinds, people }) => [...kinds, ...people])) {
      const n = Number(row.pop())
      sums.set(row.join(' '), (sums.get(row.join(' ')) ?? 0) + n)
    }
    return new Map([...sums].filter(([, n]) => n !== 0).sort())
  }
})
