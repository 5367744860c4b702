import type { Actor } from '../auth/index.ts'
import type { Context } from '../platform/context.ts'
import { requireDay, today } from '../platform/dates.ts'
import { invalidField } from '../platform/errors.ts'
import { countLog, ensurePartitions, listLog } from './queries.ts'

export interface LogPage {
  /** JSON texts of the entries. */
  entries: string[]
  total: number
}

/**
 * A page of the task log of a day: the state of every task that existed at the day's end, in the configured time zone.
 *
 * @param date YYYY-MM-DD; today when left out, which is the state now
 * @throws AppError INVALID_REQUEST (400) for what is no date, or lies in the future
 */
export async function readLog(
  ctx: Context,
  actor: Actor,
  date: string | undefined,
  page: { offset: number; limit: number },
): Promise<LogPage> {
  const { timeZone } = ctx.config
  const now = today(timeZone)
  const day = date === undefined ? now : requireDay('date', date)
  if (day > now) throw invalidField('query', 'date', 'lies in the future')
  const request = { day, timeZone, isToday: day === now, ...page }
  const [total, entries] = await Promise.all([countLog(ctx.db, actor, request), listLog(ctx.db, actor, request)])
  return { total, entries }
}

const MONTHS_AHEAD = 3

/** Run daily, and whenever migrations are. */
export function maintainPartitions(ctx: Pick<Context, 'db'>): Promise<void> {
  return ensurePartitions(ctx.db, MONTHS_AHEAD)
}
