import type { Sample } from './list-queries.ts'

const DAY_MS = 86_400_000
/** Looking for more is dearer than looking for all. */
const MAX_WEEKS = 20
/** A Monday. */
const FIRST = Date.UTC(1970, 0, 5)
const LAST = Date.UTC(9999, 0, 1)

/**
 * The weeks that `samples` times as many tasks as were looked at probably take, from the first of these on: a page is full
 * of tasks of these weeks or needs all.
 *
 * @returns the Monday of each, in UTC; undefined when they are many, or not of these times
 */
export function weeksAhead(
  { oldest, newest }: Pick<Sample, 'oldest' | 'newest'>,
  direction: 'asc' | 'desc',
  samples: number,
): string[] | undefined {
  const [from, to] = [Date.parse(oldest), Date.parse(newest)]
  const length = (to - from) * samples
  const [begin, end] = direction === 'desc' ? [to - length, to] : [from, from + length]
  if (!(begin >= FIRST && end < LAST)) return undefined
  const [first, last] = [begin, end].map((at) => Math.floor((at - FIRST) / (7 * DAY_MS))) as [number, number]
  if (last - first >= MAX_WEEKS) return undefined
  const week = (n: number) => new Date(FIRST + n * 7 * DAY_MS).toISOString().slice(0, 10)
  return Array.from({ length: last - first + 1 }, (_, i) => week(first + i))
}
