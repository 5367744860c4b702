import type { Sample } from './list-queries.ts'
import type { Windows } from './list-search-queries.ts'

const WEEK_MS = 7 * 86_400_000
/** Looking for more is dearer than looking for all. */
const MAX_WEEKS = 20
const MAX_WEEKS_MORE = 100
/** A Monday. */
const FIRST = Date.UTC(1970, 0, 5)
/** A few years before days have more than four digits of a year: windows go beyond what was looked at. */
const LAST = Date.UTC(9990, 0, 1)

/**
 * Windows of weeks that follow each other from where the page begins: the first has the weeks that `samples` times as many
 * tasks as were looked at probably take, those after it `growth` times as many.
 *
 * @returns undefined when the first would be long, or is not of these times
 */
export function weeksAhead(
  { oldest, newest, begin: given }: Pick<Sample, 'oldest' | 'newest' | 'begin'>,
  direction: 'asc' | 'desc',
  samples: number,
  growth: number[] = [],
): Windows | undefined {
  if (given === null) return undefined
  const [from, to] = [Date.parse(oldest), Date.parse(newest)]
  const length = (to - from) * samples
  const isDown = direction === 'desc'
  const start = given === undefined ? (isDown ? to : from) : Date.parse(given)
  const [begin, end] = isDown ? [to - length, start] : [start, from + length]
  if (!(begin >= FIRST && end < LAST)) return undefined
  const [first, last] = [begin, end].map((at) => Math.floor((at - FIRST) / WEEK_MS)) as [number, number]
  const near = last - first + 1
  if (near > MAX_WEEKS) return undefined
  const windows: number[][] = []
  let edge = isDown ? last + 1 : first
  for (const times of [1, ...growth]) {
    const n = Math.min(near * times, MAX_WEEKS_MORE)
    if (isDown) edge -= n
    windows.push(Array.from({ length: n }, (_, i) => edge + i))
    if (!isDown) edge += n
  }
  const monday = (n: number) => new Date(FIRST + n * WEEK_MS).toISOString()
  return { weeks: windows.map((weeks) => weeks.map((n) => monday(n).slice(0, 10))), end: monday(edge) }
}
