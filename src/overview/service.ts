import type { Actor } from '../auth/index.ts'
import { AtOnce } from '../platform/at-once.ts'
import type { Context } from '../platform/context.ts'
import { addDays, daysBetween, requireDay, today } from '../platform/dates.ts'
import { invalidField, serverBusy } from '../platform/errors.ts'
import type { KeptPage } from '../platform/send-page.ts'
import { isSettled, PRIORITIES, requireHistory, STATUSES } from '../tasks/index.ts'
import { countPeriods, countPresent } from './queries.ts'

const MOST_PERIODS = 400
/** Periods when nothing is said of where they begin: a quarter of a year. */
const DEFAULT_DAYS = { day: 90, week: 91 }

/** Each looks through all tasks: seconds of the database's CPU where there are millions. */
const counting = new AtOnce({
  running: 2,
  waiting: 100,
  waitMs: 500,
  busy: () => serverBusy('Too many numbers are being counted. Try again shortly.'),
})

/**
 * How many tasks there are now, of what kind and whose. Each number is that of a list: `open` is
 * `status=pending,active,inactive`, `overdue` the same with `due_to` of yesterday, and so on.
 *
 * @throws AppError SERVER_BUSY (503) when it is read
 */
export function overviewPage(ctx: Context, actor: Actor, projectId?: number): KeptPage {
  const overdueTo = addDays(today(ctx.config.timeZone), -1)
  return {
    question: `overview ${JSON.stringify([overdueTo, projectId])}`,
    isPast: () => false,
    reader: actor.id,
    async read(db) {
      const { by_status, by_priority, ...counts } = JSON.parse(
        await counting.run(() => countPresent(db, actor, overdueTo, projectId)),
      )
      const all = { ...counts, by_status: every(STATUSES, by_status), by_priority: every(PRIORITIES, by_priority) }
      return JSON.stringify(all)
    },
  }
}

const every = (names: readonly string[], counts: Record<string, number>) =>
  Object.fromEntries(names.map((name) => [name, counts[name] ?? 0]))

type PeriodKind = 'day' | 'week'

export interface PeriodsRequest {
  period: PeriodKind
  from?: string
  to?: string
  projectId?: number
}

interface Period {
  /** Both days belong to it. */
  from: string
  to: string
}

/**
 * Open, created and completed tasks of days or weeks. Each number is that of the list as of the period's last day: `open` with
 * `status=pending,active,inactive`, `created` with `created_from` and `created_to`, `completed` with `status=completed`,
 * `updated_from` and `updated_to`.
 *
 * @throws AppError INVALID_REQUEST (400) naming the parameter, and when it is read HISTORY_NOT_KEPT (410) and SERVER_BUSY (503)
 */
export function periodsPage(ctx: Context, actor: Actor, { projectId, ...request }: PeriodsRequest): KeptPage {
  const { timeZone } = ctx.config
  const periods = periodsOf(request, today(timeZone))
  const [first] = periods
  const last = periods.at(-1) as Period
  const days = [first.from, ...periods.map(({ to }) => to)] as [string, ...string[]]
  return {
    question: `periods ${JSON.stringify([days, timeZone, projectId])}`,
    isPast: (at) => isSettled({ day: last.to }, timeZone, at),
    reader: actor.id,
    async read(db) {
      if (first.to < today(timeZone)) await requireHistory(ctx, { day: first.to })
      const counts = await counting.run(() => countPeriods(db, actor, days, timeZone, projectId))
      return JSON.stringify({ items: counts.map((count, i) => ({ ...(periods[i] as Period), ...count })) })
    },
  }
}

/** @param now today, YYYY-MM-DD */
function periodsOf(request: Omit<PeriodsRequest, 'projectId'>, now: string): [Period, ...Period[]] {
  const { period, from, to = now } = request
  if (requireDay('to', to) > now) throw invalidField('query', 'to', 'lies in the future')
  const begin = from === undefined ? addDays(to, 1 - DEFAULT_DAYS[period]) : requireDay('from', from)
  if (begin > to) throw invalidField('query', 'from', 'must not be after to')
  const step = period === 'day' ? 1 : 7
  const first = period === 'day' ? begin : mondayOf(begin)
  const count = Math.floor(daysBetween(first, to) / step) + 1
  if (count > MOST_PERIODS) throw invalidField('query', 'from', `must be at most ${MOST_PERIODS} ${period}s before to`)
  const periodAt = (i: number) => {
    const last = addDays(first, (i + 1) * step - 1)
    return { from: addDays(first, i * step), to: last < to ? last : to }
  }
  return Array.from({ length: count }, (_, i) => periodAt(i)) as [Period, ...Period[]]
}

function mondayOf(day: string): string {
  return addDays(day, -((new Date(day).getUTCDay() + 6) % 7))
}
