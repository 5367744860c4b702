import { addDays, daysBetween, requireDay } from '../platform/dates.ts'
import { invalidField } from '../platform/errors.ts'
import type { Calendar } from './queries.ts'

const MOST_PERIODS = 400
/** Days when nothing is said of where they begin: a quarter of a year. */
const DEFAULT_DAYS = { day: 90, week: 91 }

export interface PeriodsRequest {
  period: 'day' | 'week'
  from?: string
  to?: string
  projectId?: number
}

/** Both days belong to it, YYYY-MM-DD. */
interface Period {
  from: string
  to: string
}

type Periods = [Period, ...Period[]]

/**
 * @param now today, YYYY-MM-DD
 * @throws AppError INVALID_REQUEST (400) naming the parameter
 */
export function periodsOf(request: Omit<PeriodsRequest, 'projectId'>, now: string): Periods {
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
  return Array.from({ length: count }, (_, i) => periodAt(i)) as Periods
}

/** The days and the weeks of a quarter up to today, YYYY-MM-DD. */
export function quarterOf(now: string): Periods {
  return [...periodsOf({ period: 'day' }, now), ...periodsOf({ period: 'week' }, now)] as Periods
}

/** @param periods may lie in each other; where one begins another has ended, or none is earlier */
export function calendarOf(periods: Periods): Calendar {
  const begin = periods.map(({ from }) => from).sort()[0] as string
  const before = periods.map(({ from }) => addDays(from, -1)).filter((day) => day >= begin)
  const ends = [...new Set([...before, ...periods.map(({ to }) => to)])].sort()
  const stretchOf = (day: string) => ends.findIndex((end) => day <= end) + 1
  return { begin, ends, periods: periods.map(({ from, to }) => [stretchOf(from), stretchOf(to)]) }
}

function mondayOf(day: string): string {
  return addDays(day, -((new Date(day).getUTCDay() + 6) % 7))
}
