import { createHash } from 'node:crypto'
import type { Actor } from '../auth/index.ts'
import type { Context } from '../platform/context.ts'
import { requireDay, today } from '../platform/dates.ts'
import type { Queryable } from '../platform/db.ts'
import { invalidField } from '../platform/errors.ts'
import { readerFor } from '../platform/replica.ts'
import { requireHistory } from '../tasks/index.ts'
import { countLog, findLogScope, type LogRequest, listLog } from './log-queries.ts'

/** Longer than any statement may take: nothing that began on a day is still to be committed this long after it. */
const GRACE_SECONDS = 60
const KEPT_SECONDS = 86_400

export interface LogPage {
  /** A JSON array of the entries. */
  entries: string
  total: number
}

export type CacheOutcome = 'hit' | 'miss' | 'bypass'

/**
 * A page of the task log of a day: the state of every task that existed at the day's end, in the configured time zone.
 * Pages of days that have ended are kept: they change only when the past does.
 *
 * @param date YYYY-MM-DD; today when left out, which is the state now
 * @throws AppError INVALID_REQUEST (400) for what is no date, or lies in the future; HISTORY_NOT_KEPT (410)
 */
export async function readLog(
  ctx: Context,
  actor: Actor,
  date: string | undefined,
  page: { offset: number; limit: number },
): Promise<LogPage & { cache: CacheOutcome }> {
  const { timeZone } = ctx.config
  const now = today(timeZone)
  const day = date === undefined ? now : requireDay('date', date)
  if (day > now) throw invalidField('query', 'date', 'lies in the future')
  const request = { day, timeZone, isToday: day === now, ...page }
  const key = await cacheKey(ctx, actor, request)
  if (key === undefined) return { ...(await readPage(await readerFor(ctx, actor.id), actor, request)), cache: 'bypass' }
  const kept = await ctx.cache.get(key)
  if (kept !== undefined) return { ...unpack(kept), cache: 'hit' }
  const fresh = await readPage(ctx.db, actor, request) // a replica may not have come to this epoch yet
  ctx.cache.set(key, `${fresh.total} ${fresh.entries}`, KEPT_SECONDS)
  return { ...fresh, cache: 'miss' }
}

async function readPage(db: Queryable, actor: Actor, request: LogRequest): Promise<LogPage> {
  const total = await countLog(db, actor, request)
  // Past the last page there is nothing to walk to.
  const entries = request.offset < total ? await listLog(db, actor, request) : []
  return { total, entries: `[${entries.join(',')}]` }
}

/**
 * Read before the page is: what changes the past meanwhile moves the epoch, and the page is kept under the old one,
 * where nobody looks any more. Undefined for a day that has not safely ended.
 */
async function cacheKey(ctx: Context, actor: Actor, request: LogRequest): Promise<string | undefined> {
  if (request.isToday) return undefined
  const { day, timeZone, offset, limit } = request
  const scope = await findLogScope(ctx.db, actor, day, timeZone, GRACE_SECONDS)
  if (scope?.is_lost) await requireHistory(ctx, { day })
  if (!scope?.has_ended) return undefined
  const question = JSON.stringify([scope.epoch, scope.projects, day, timeZone, offset, limit])
  return `tasklog:log:${createHash('sha256').update(question).digest('base64url')}`
}

function unpack(kept: string): LogPage {
  const space = kept.indexOf(' ')
  return { total: Number(kept.slice(0, space)), entries: kept.slice(space + 1) }
}
