import type { Actor } from '../auth/index.ts'
import { AtOnce } from '../platform/at-once.ts'
import type { KeptPast } from '../platform/cache.ts'
import type { Context } from '../platform/context.ts'
import { addDays, today } from '../platform/dates.ts'
import type { Queryable } from '../platform/db.ts'
import { serverBusy } from '../platform/errors.ts'
import type { KeptPage } from '../platform/send-page.ts'
import { isSettled, lastSettledDay, PRIORITIES, requireHistory, STATUSES } from '../tasks/index.ts'
import { calendarOf, type PeriodsRequest, periodsOf, quarterOf } from './calendar.ts'
import {
  type Counted,
  countPeriods,
  countPresent,
  type PeriodsCounts,
  type PresentCounts,
  type Side,
} from './queries.ts'

const MOST_ASSIGNEES = 50

/** Each looks through all tasks where nothing is kept: seconds of the database's CPU where there are millions. */
const counting = new AtOnce({
  running: 2,
  waiting: 100,
  waitMs: 1_500, // as long as a first look at a million tasks takes
  busy: () => serverBusy('Too many numbers are being counted. Try again shortly.'),
})

/**
 * Counts what was, which is kept, and what has changed since; all of it in one statement where the past, or what the asker
 * may read, changed in between.
 *
 * @param question all that the counts depend on
 * @returns what adds up to the counts of now
 */
async function countParts<T extends Counted>(
  db: Queryable,
  past: KeptPast,
  question: string,
  count: (db: Queryable, side: Side) => Promise<string>,
): Promise<T[]> {
  const read = async (from: Queryable, side: Side) => counting.run(() => count(from, side))
  const until: T = JSON.parse(await past.part(question, (from) => read(from, 'until')))
  const since: T = JSON.parse(await read(db, 'since'))
  return until.seen === since.seen ? [until, since] : [JSON.parse(await read(db, 'both'))]
}

/**
 * How many tasks there are now, of what kind and whose. Each number is that of a list: `open` is
 * `status=pending,active,inactive`, `overdue` the same with `due_to` of yesterday, and so on.
 *
 * @throws AppError SERVER_BUSY (503) when it is read
 */
export function overviewPage(ctx: Context, actor: Actor, projectId?: number): KeptPage {
  const { timeZone } = ctx.config
  const overdueTo = addDays(today(timeZone), -1)
  return {
    question: `overview ${JSON.stringify([overdueTo, projectId])}`,
    isPast: () => false,
    reader: actor.id,
    async read(db, past) {
      const scope = { actor, projectId, timeZone, until: lastSettledDay(timeZone, past.now) }
      const question = `overview until ${JSON.stringify([scope.until, timeZone, overdueTo, projectId])}`
      const parts = await countParts<PresentCounts>(db, past, question, (from, side) =>
        countPresent(from, scope, side, overdueTo),
      )
      return JSON.stringify({ ...addUpPresent(parts), overdue_to: overdueTo })
    },
  }
}

function addUpPresent(parts: PresentCounts[]) {
  const kinds = parts.flatMap((part) => part.kinds)
  const open = kinds.filter(([status]) => status !== 'completed' && status !== 'cancelled')
  const people = new Map<string | null, { open: number; overdue: number }>()
  for (const [name, isDue, n] of parts.flatMap((part) => part.people)) {
    const { open, overdue } = people.get(name) ?? { open: 0, overdue: 0 }
    people.set(name, { open: open + n, overdue: overdue + (isDue ? n : 0) })
  }
  return {
    tasks: sum(kinds),
    open: sum(open),
    overdue: sum(open.filter(([, , isDue]) => isDue)),
    by_status: Object.fromEntries(STATUSES.map((name) => [name, sum(kinds.filter(([status]) => status === name))])),
    by_priority: Object.fromEntries(PRIORITIES.map((name) => [name, sum(open.filter(([, p]) => p === name))])),
    by_assignee: [...people]
      .filter(([, { open }]) => open > 0)
      .map(([assigned_user, counts]) => ({ assigned_user, ...counts }))
      .sort((a, b) => b.open - a.open || (a.assigned_user ?? '').localeCompare(b.assigned_user ?? ''))
      .slice(0, MOST_ASSIGNEES),
  }
}

const sum = (counts: PresentCounts['kinds']) => counts.reduce((total, [, , , n]) => total + n, 0)

/**
 * Open, created and completed tasks of days or weeks. Each number is that of the list as of the period's last day: `open` with
 * `status=pending,active,inactive`, `created` with `created_from` and `created_to`, `completed` with `status=completed`,
 * `updated_from` and `updated_to`.
 *
 * @throws AppError INVALID_REQUEST (400) naming the parameter, and when it is read HISTORY_NOT_KEPT (410) and SERVER_BUSY (503)
 */
export function periodsPage(ctx: Context, actor: Actor, { projectId, ...request }: PeriodsRequest): KeptPage {
  const { timeZone } = ctx.config
  const now = today(timeZone)
  const asked = periodsOf(request, now)
  // The days and the weeks of the last quarter are looked at together, and are counted together.
  const counted = request.from === undefined && request.to === undefined ? quarterOf(now) : asked
  const calendar = calendarOf(counted)
  const [{ from, to: firstEnd }] = asked
  const last = asked.at(-1)?.to ?? firstEnd
  return {
    question: `periods ${JSON.stringify([request.period, from, firstEnd, last, timeZone, projectId])}`,
    isPast: (at) => isSettled({ day: last }, timeZone, at),
    reader: actor.id,
    async read(db, past) {
      if (firstEnd < now) await requireHistory(ctx, { day: firstEnd })
      const until = lastSettledDay(timeZone, past.now)
      const scope = { actor, projectId, timeZone, until }
      const question = `periods until ${JSON.stringify([until, calendar, timeZone, projectId])}`
      const count = (source: Queryable, side: Side) => countPeriods(source, scope, side, calendar)
      const parts =
        last <= until
          ? [JSON.parse(await counting.run(() => count(db, 'until'))) as PeriodsCounts]
          : await countParts<PeriodsCounts>(db, past, question, count)
      const total = (i: number, which: number) =>
        parts.reduce((all, { periods }) => all + (periods[i]?.[which] ?? 0), 0)
      const items = asked.map((period) => {
        const i = counted.findIndex((other) => other.from === period.from && other.to === period.to)
        return { ...period, open: total(i, 0), created: total(i, 1), completed: total(i, 2) }
      })
      return JSON.stringify({ items })
    },
  }
}
