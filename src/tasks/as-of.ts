import { addDays, dayOrInstant, today } from '../platform/dates.ts'
import { invalidField } from '../platform/errors.ts'

/** A time in the past: the end of a day that is over, or an instant. */
export type AsOf = { day: string } | { instant: string }

/**
 * The query parameter `as_of`.
 *
 * @returns undefined for the day that has not ended: its state is the present one
 * @throws AppError INVALID_REQUEST (400) for what is neither date nor instant, or lies in the future
 */
export function readAsOf(text: string, timeZone: string, now = new Date()): AsOf | undefined {
  const at = dayOrInstant('as_of', text)
  const day = today(timeZone, now)
  if ('day' in at ? at.day > day : Date.parse(at.instant) > now.getTime()) {
    throw invalidField('query', 'as_of', 'lies in the future')
  }
  return 'day' in at && at.day === day ? undefined : at
}

/** Longer than any statement may take, and than clocks are set back anywhere at the end of a day. */
const GRACE_SECONDS = 3 * 3_600

/**
 * True when the state at that time changes only if the past does: nothing that began before its end is still to be
 * committed.
 *
 * @param now the database's clock, in seconds since 1970
 */
export function isSettled(at: AsOf, timeZone: string, now: number): boolean {
  return 'instant' in at ? Date.parse(at.instant) < settledUntil(now) : at.day <= lastSettledDay(timeZone, now)
}

/** The last day whose end is settled, YYYY-MM-DD. @param now the database's clock, in seconds since 1970 */
export function lastSettledDay(timeZone: string, now: number): string {
  return addDays(today(timeZone, new Date(settledUntil(now))), -1)
}

/** In milliseconds since 1970. */
const settledUntil = (now: number) => (now - GRACE_SECONDS) * 1_000

/**
 * The end of that time as SQL, exclusive: what held then has `valid_from < END` and, where it has been superseded,
 * `valid_to >= END`. An instant is part of it, so it ends a microsecond (the clock's unit) later.
 *
 * @param bind adds a value to the statement and answers its `$n`
 */
export function endOf(at: AsOf, timeZone: string, bind: (value: unknown) => string): string {
  if ('instant' in at) return `(${bind(at.instant)}::timestamptz + interval '1 microsecond')`
  return `((${bind(at.day)}::date + 1)::timestamp at time zone ${bind(timeZone)})`
}
