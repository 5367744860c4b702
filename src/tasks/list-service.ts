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
  bySampleOfStatus,
  bySearch,
  type ListedTask,
  SAMPLE,
  SAMPLE_OF_WEEKS,
  type Sample,
  sampleOfNow,
  type TaskPageRequest,
} from './list-queries.ts'
import type { SearchHints } from './list-search-queries.ts'
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
/** Of the tasks with a status, so many for each 25 of a page have enough of what is found this often in a sample. */
const STRETCH_OF_STATUS = 1_200
/** What the index finds week by week has to be more common before it is sooner found by date. */
const COMMON_OF_WEEKS = 4
/** So many times a page are looked for at once: what was found in a sample is a guess. */
const PAGES = 2
/** What is not found in a sample is there half a time; that two words meet more rarely is a guess as well. */
const NOT_FOUND = 0.5
const LEAST_FOUND = 0.05
/**
 * So many times as many weeks where the first do not suffice. Each week costs a search some 20 µs, looking for all that begin
 * like a word costs it each time anew, and each task that has what is looked for in the index 3 to 5.
 */
const GROWTH = { rare: [], found: [4], ofMany: [4, 16] }
/** All that have the words before the last are many when so many of a sample have them. */
const MANY = 3
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
  if (isOfWeeks) return request.asOf ? listFormerWords(db, actor, request) : listWords(db, actor, request)
  const { tasks, sample } = await bySample(db, actor, request)
  if (!sample || sample.size < SAMPLE) return tasks
  if (!isSearch && isOfPriority) return byColumn(db, actor, request)
  if (tasks.length >= COMMON) {
    const page = await byDate(db, actor, request, STRETCH)
    if (page.length >= limit) return page
  }
  return isSearch ? bySearch(db, actor, request) : byProject(db, actor, request)
}

/** What has words or labels now. */
async function listWords(db: Queryable, actor: Actor, request: TaskPageRequest): Promise<ListedTask[]> {
  const { tasks, sample } = await bySample(db, actor, request, SAMPLE_OF_WEEKS)
  if (!sample || sample.size < SAMPLE_OF_WEEKS) return tasks
  return listAfterSample(db, actor, request, tasks.length, sample)
}

/** What had them at a time: the sample tells of now, so it is never the page. */
async function listFormerWords(db: Queryable, actor: Actor, request: TaskPageRequest): Promise<ListedTask[]> {
  const sample = await sampleOfNow(db, actor, request, SAMPLE_OF_WEEKS)
  if (sample.size < SAMPLE_OF_WEEKS) return bySearch(db, actor, request)
  return listAfterSample(db, actor, request, sample.found, sample)
}

/** @param found how many of the sample the filter has */
async function listAfterSample(
  db: Queryable,
  actor: Actor,
  request: TaskPageRequest,
  found: number,
  sample: Sample,
): Promise<ListedTask[]> {
  if (found >= COMMON_OF_WEEKS && request.filter.status) {
    const size = STRETCH_OF_STATUS * Math.ceil(request.limit / 25)
    const { tasks, sample: ofStatus } = await bySampleOfStatus(db, actor, request, size)
    if (!ofStatus || ofStatus.size < size) return tasks
  } else if (found >= COMMON_OF_WEEKS) {
    const page = await byDate(db, actor, request, STRETCH)
    if (page.length >= request.limit) return page
  }
  return bySearch(db, actor, request, hintsFor(request, found, sample))
}

function hintsFor({ limit, direction }: TaskPageRequest, found: number, sample: Sample): SearchHints {
  // What one or two of a sample have may be rare: then the index finds it sooner than all that have the other words are read.
  const isLastCommon = sample.withLast >= COMMON || (sample.withLast > 0 && sample.withOthers === 0)
  const isOfMany = isLastCommon && sample.withOthers > MANY
  const growth = isOfMany ? GROWTH.ofMany : found > 0 ? GROWTH.found : GROWTH.rare
  const samples = (PAGES * limit) / (found || probablyFound(sample))
  return { windows: weeksAhead(sample, direction, samples, growth), isLastCommon }
}

/** How often what was not found is there, in as many tasks: words are taken to have nothing to do with each other. */
function probablyFound({ size, withLast, withOthers }: Sample): number {
  const both = (withLast * withOthers) / size
  return both > 0 ? Math.max(Math.min(both, NOT_FOUND), LEAST_FOUND) : NOT_FOUND
}

function isNarrowlyDue({ dueFrom, dueTo }: TaskFilter): boolean {
  if (dueFrom === undefined || dueTo === undefined) return false
  return Date.parse(dueTo) - Date.parse(dueFrom) <= NARROW_DAYS * 86_400_000
}
