import type { Actor } from '../auth/index.ts'
import type { Context } from '../platform/context.ts'
import { decodeCursor, encodeCursor } from '../platform/cursor.ts'
import { addDays, daysBetween, requireDay, today } from '../platform/dates.ts'
import type { Queryable } from '../platform/db.ts'
import { invalidField } from '../platform/errors.ts'
import type { KeptPage } from '../platform/send-page.ts'
import { isSettled, listTasks, requireHistory } from '../tasks/index.ts'
import { findFirstDay, listDaysOfTask } from './task-log-queries.ts'

/** Days of a range that one request looks into; where they are empty, the page is short and the cursor goes on. */
const MAX_DAYS_LOOKED_INTO = 31
const MAX_RANGE_DAYS = 366
const FIRST_DAY = '0001-01-01'

export interface TaskLogQuery {
  date?: string
  from?: string
  to?: string
  task_id?: number
  limit?: number
  cursor?: string
}

/** The days asked for, both inclusive. */
interface Range {
  from: string
  to: string
}

/**
 * Days of the task log, newest first: on each the state of every task that existed at its end, newest task first. Of today
 * it is the state now.
 *
 * @throws AppError INVALID_REQUEST (400); HISTORY_NOT_KEPT (410) when it is read
 */
export function taskLogPage(ctx: Context, actor: Actor, query: TaskLogQuery): KeptPage {
  const { timeZone } = ctx.config
  const now = today(timeZone)
  const range = readRange(query, now)
  const start = readCursor(query.cursor, range)
  const { limit = 20, task_id: taskId } = query
  const request = { taskId, range, start, limit, now }
  return {
    question: `task-log ${JSON.stringify({ ...request, timeZone, now: start.day === now })}`,
    // Later days are not looked at.
    isPast: (at) => start.day < now && isSettled({ day: start.day }, timeZone, at),
    reader: actor.id,
    read: (db) => readTaskLog(ctx, db, actor, request),
  }
}

interface TaskLogRequest {
  taskId: number | undefined
  range: Range
  start: Start
  limit: number
  /** Today's date. */
  now: string
}

async function readTaskLog(ctx: Context, db: Queryable, actor: Actor, request: TaskLogRequest): Promise<string> {
  const { taskId, range, start, limit, now } = request
  if (range.from !== FIRST_DAY && range.from < now) await requireHistory(ctx, { day: range.from })
  const { entries, next } =
    taskId === undefined
      ? await readDays(ctx, db, actor, request)
      : await readTaskDays(ctx, db, actor, { taskId, range: { from: range.from, to: start.day }, limit })
  const cursor = next ? JSON.stringify(encodeCursor(next)) : 'null'
  return `{"items":[${entries.join(',')}],"next_cursor":${cursor}}`
}

function readRange({ date, from, to, task_id: taskId }: TaskLogQuery, now: string): Range {
  const day = (name: string, text: string) => {
    if (requireDay(name, text) > now) throw invalidField('query', name, 'lies in the future')
    return text
  }
  if (date !== undefined) {
    if (from !== undefined || to !== undefined) throw invalidField('query', 'date', 'cannot be used with from and to')
    return { from: day('date', date), to: date }
  }
  const last = to === undefined ? now : day('to', to)
  if (from === undefined) {
    if (taskId !== undefined) return { from: FIRST_DAY, to: last }
    if (to !== undefined) throw invalidField('query', 'from', 'is required with to')
    return { from: now, to: now }
  }
  const first = day('from', from)
  if (first > last) throw invalidField('query', 'from', 'is later than to')
  if (daysBetween(first, last) >= MAX_RANGE_DAYS) {
    throw invalidField('query', 'from', `begins a range of more than ${MAX_RANGE_DAYS} days`)
  }
  return { from: first, to: last }
}

interface Start {
  day: string
  /** Undefined: from the beginning of the day's log. */
  after?: [createdAt: string, id: string]
}

const POSITION = /^(?:\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z)?$/

/** A cursor is the day to go on with and, where that day has been begun, its last entry. */
function readCursor(cursor: string | undefined, range: Range): Start {
  if (!cursor) return { day: range.to }
  const [day = '', createdAt = '', id = ''] = decodeCursor(cursor, [/^\d{4}-\d{2}-\d{2}$/, POSITION, /^\d{0,15}$/])
  requireDay('cursor', day)
  const isInside = range.from <= day && day <= range.to
  if (!isInside || !createdAt !== !id) throw invalidField('query', 'cursor', 'is not a cursor of this list')
  return { day, after: createdAt ? [createdAt, id] : undefined }
}

interface Stretch {
  /** JSON texts. */
  entries: string[]
  next?: string[]
}

async function readDays(
  ctx: Context,
  db: Queryable,
  actor: Actor,
  { range, start, limit, now }: TaskLogRequest,
): Promise<Stretch> {
  const { timeZone } = ctx.config
  const entries: string[] = []
  let { day, after } = start
  let { from } = range
  for (let looked = 0; looked < MAX_DAYS_LOOKED_INTO; looked++) {
    const missing = limit - entries.length
    const asOf = day === now ? undefined : { day }
    const page = { filter: {}, asOf, direction: 'desc', after, limit: missing + 1, timeZone } as const
    const found = await listTasks(db, actor, page)
    const taken = found.slice(0, missing)
    for (const { json } of taken) entries.push(`${json.slice(0, -1)},"logged_date":"${day}"}`)
    if (found.length > missing) {
      const last = taken.at(-1)
      return { entries, next: last ? [day, last.position, String(last.id)] : [day, '', ''] }
    }
    // An empty day may be one of many before the first task.
    if (found.length === 0) from = later(from, (await findFirstDay(db, timeZone)) ?? day)
    if (day <= from) return { entries }
    day = addDays(day, -1)
    after = undefined
  }
  return { entries, next: [day, '', ''] }
}

async function readTaskDays(
  ctx: Context,
  db: Queryable,
  actor: Actor,
  { taskId, range, limit }: { taskId: number; range: Range; limit: number },
): Promise<Stretch> {
  const { timeZone } = ctx.config
  const found = await listDaysOfTask(db, actor, {
    taskId,
    ...range,
    timeZone,
    limit: limit + 1,
  })
  const next = found[limit]
  return { entries: found.slice(0, limit).map(({ json }) => json), next: next && [next.day, '', ''] }
}

const later = (a: string, b: string) => (a > b ? a : b)
