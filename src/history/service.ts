import type { Actor } from '../auth/index.ts'
import type { Context } from '../platform/context.ts'
import { requireDay, today } from '../platform/dates.ts'
import type { Queryable } from '../platform/db.ts'
import { invalidField } from '../platform/errors.ts'
import type { KeptPage } from '../platform/send-page.ts'
import { isSettled, requireHistory } from '../tasks/index.ts'
import { countLog, type LogRequest, listLog } from './log-queries.ts'

export interface LogPage {
  /** A JSON array of the entries. */
  entries: string
  total: number
}

/**
 * A page of the task log of a day: the state of every task that existed at the day's end, in the configured time zone.
 *
 * @param date YYYY-MM-DD; today when left out, which is the state now
 * @param render makes the answer's JSON; depends on nothing but the page and what was asked
 * @throws AppError INVALID_REQUEST (400) for what is no date, or lies in the future; HISTORY_NOT_KEPT (410) when it is read
 */
export function logPage(
  ctx: Context,
  actor: Actor,
  date: string | undefined,
  page: { offset: number; limit: number },
  render: (page: LogPage) => string,
): KeptPage {
  const { timeZone } = ctx.config
  const now = today(timeZone)
  const day = date === undefined ? now : requireDay('date', date)
  if (day > now) throw invalidField('query', 'date', 'lies in the future')
  const request = { day, timeZone, isToday: day === now, ...page }
  return {
    question: `log ${JSON.stringify(request)}`,
    isPast: (at) => !request.isToday && isSettled({ day }, timeZone, at),
    reader: actor.id,
    read: async (db) => render(await readLog(ctx, db, actor, request)),
  }
}

async function readLog(ctx: Context, db: Queryable, actor: Actor, request: LogRequest): Promise<LogPage> {
  if (!request.isToday) await requireHistory(ctx, request)
  const total = await countLog(db, actor, request)
  // Past the last page there is nothing to walk to.
  const entries = request.offset < total ? await listLog(db, actor, request) : []
  return { total, entries: `[${entries.join(',')}]` }
}
