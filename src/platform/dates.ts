import { invalidField } from './errors.ts'

const DAY = /^(\d{4})-(\d{2})-(\d{2})$/
/** Offsets up to what PostgreSQL takes: further from UTC than any zone is. */
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?(?:Z|[+-](?:0\d|1[0-5]):\d{2})$/

/** True for a day of the calendar written as YYYY-MM-DD, years 0001 to 9999. */
export function isDay(text: string): boolean {
  const match = DAY.exec(text)
  if (!match) return false
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])]
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  return year > 0 && date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day
}

/**
 * A point in time given as a query parameter: a day (in the configured time zone) or an RFC 3339 instant.
 *
 * @throws AppError INVALID_REQUEST (400) naming the parameter
 */
export function dayOrInstant(name: string, text: string): { day: string } | { instant: string } {
  if (isDay(text)) return { day: text }
  if (INSTANT.test(text) && isDay(text.slice(0, 10)) && !Number.isNaN(Date.parse(text))) return { instant: text }
  throw invalidField('query', name, 'must be a date (YYYY-MM-DD) or an instant such as 2025-03-31T08:00:00Z')
}

/** @throws AppError INVALID_REQUEST (400) naming the parameter */
export function requireDay(name: string, text: string): string {
  if (isDay(text)) return text
  throw invalidField('query', name, 'must be a date of the calendar, written YYYY-MM-DD')
}

const DAY_MS = 86_400_000

/** @param day YYYY-MM-DD, as is the answer */
export function addDays(day: string, days: number): string {
  return new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10)
}

/** How many days after `first` is `last`? Both YYYY-MM-DD. */
export function daysBetween(first: string, last: string): number {
  return (Date.parse(last) - Date.parse(first)) / DAY_MS
}

/** Making one takes longer than a whole request should. */
const formats = new Map<string, Intl.DateTimeFormat>()

/** Today's date in a time zone, as YYYY-MM-DD. */
export function today(timeZone: string, now = new Date()): string {
  const known = formats.get(timeZone)
  // In Sweden dates are written so.
  const format = known ?? new Intl.DateTimeFormat('sv', { timeZone, dateStyle: 'short' })
  if (!known) formats.set(timeZone, format)
  return format.format(now)
}
