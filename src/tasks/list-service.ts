import type { Actor } from '../auth/index.ts'
import type { Context } from '../platform/context.ts'
import { encodeCursor } from '../platform/cursor.ts'
import type { Queryable } from '../platform/db.ts'
import type { KeptPage } from '../platform/send-page.ts'
import { isSettled } from './as-of.ts'
import { hasLabels, type TaskFilter } from './filter-queries.ts'
import {
  byColumn,
  byDate,
  byProject,
  bySample,
  bySearch,
  type ListedTask,
  SAMPLE,
  SAMPLE_OF_WORDS,
  type TaskPageRequest,
} from './list-queries.ts'
import { weeksAhead } from './list-weeks.ts'
import { requireHistory } from './service.ts'

/** @throws AppError HISTORY_NOT_KEPT (410), when it is read, for a time from before the history that is kept */
export function taskPage(ctx: Context, actor: Actor, request: TaskPageRequest): KeptPage {
  const { filter, asOf, timeZone } = request
  const { assignedToMe, ...others } = filter
  const assigneeId = assignedToMe ? actor.id : undefined
  return {
    question: `tasks ${JSON.stringify({ ...request, filter: { ...others, assigneeId } })}`,
    isPast: (now) => asOf !== undefined && isSettled(asOf, timeZone, now),
    reader: actor.id,
    read: (db) => listTaskPage(ctx, db, actor, request),
  }
}

async function listTaskPage(ctx: Context, db: Queryable, actor: Actor, request: TaskPageRequest): Promise<string> {
  if (request.asOf) await requireHistory(ctx, request.asOf)
  const rows = await listTasks(db, actor, { ...request, limit: request.limit + 1 })
  const items = rows.slice(0, request.limit)
  const last = rows.length > request.limit ? items.at(-1) : undefined
  const next = last ? JSON.stringify(encodeCursor([last.position, last.id])) : 'null'
  return `{"items":[${items.map((row) => row.json).join(',')}],"next_cursor":${next}}`
}

/** What is found this often in a sample fills a page long before this many tasks have been looked at. */
const COMMON = 3
const STRETCH = 20_000
/** What the index finds week by week has to be more common before it is sooner found by date. */
const COMMON_OF_WEEKS = 8
/** So many times a page are looked for at once: what was found in a sample is a guess. */
const PAGES = 3
/** What is not found in a sample is there half a time. */
const NOT_FOUND = 0.5
/** The last word is left out of a search when so many have it, as the index has to collect all words that begin so. */
const MANY = SAMPLE_OF_WORDS / 15
const MORE_THAN_OTHERS = 3
/** So few days have few tasks. */
const NARROW_DAYS = 31

/**
 * What is common is soonest found by walking the tasks by date, what is rare only by an index on it. So the next few
 * tasks are looked at first: they fill the page, or tell which it is. Each page is the answer of one statement.
 */
export async function listTasks(db: Queryable, actor: Actor, request: TaskPageRequest): Promise<ListedTask[]> {
  const { filter, limit } = request
  const isOfSomebody = filter.assignedToMe || filter.assignedUser !== undefined
  const isOfWeeks = !isOfSomebody && (filter.text !== undefined || hasLabels(filter))
  const isSearch = isOfWeeks || (!isOfSomebody && isNarrowlyDue(filter))
  const hasColumn = isOfSomebody || filter.projectId !== undefined || filter.status || filter.priority
  // There are four priorities: most often the next tasks by date fill the page, and a walk for each status is dearer.
  const isOfPriority = filter.priority && !filter.status && filter.projectId === undefined && !isOfSomebody
  if (!isSearch && !isOfPriority && (hasColumn || actor.role === 'admin')) return byColumn(db, actor, request)
  const { tasks, sample } = await bySample(db, actor, request)
  if (!sample || sample.size < SAMPLE) return tasks
  if (!isSearch && isOfPriority) return byColumn(db, actor, request)
  if (tasks.length >= (isOfWeeks ? COMMON_OF_WEEKS : COMMON)) {
    const page = await byDate(db, actor, request, STRETCH)
    if (page.length >= limit) return page
  }
  if (!isSearch) return byProject(db, actor, request)
  if (!isOfWeeks) return bySearch(db, actor, request)
  const samples = (PAGES * limit) / Math.max(tasks.length, NOT_FOUND)
  const isLastCommon = sample.withLast > Math.max(MANY, MORE_THAN_OTHERS * sample.withOthers)
  return bySearch(db, actor, request, { weeks: weeksAhead(sample, request.direction, samples), isLastCommon })
}

function isNarrowlyDue({ dueFrom, dueTo }: TaskFilter): boolean {
  if (dueFrom === undefined || dueTo === undefined) return false
  return Date.parse(dueTo) - Date.parse(dueFrom) <= NARROW_DAYS * 86_400_000
}
