import type { Actor } from '../auth/index.ts'
import type { Queryable } from '../platform/db.ts'
import { actorKind, projectPredicate, readableProjects } from '../projects/index.ts'
import { type AsOf, endOf } from './as-of.ts'
import { stateSources } from './as-of-queries.ts'
import { containsSql, filterSql, isEmpty, type TaskFilter } from './filter-queries.ts'
import { inOrder, range, readable, type Statement, select, unionAll } from './list-parts-queries.ts'
import { type SearchHints, search } from './list-search-queries.ts'
import { prefixOf, walks, walksInWindows, withStatus } from './list-walk-queries.ts'
import { TASK_JSON, TASK_PEOPLE } from './task-json.ts'

export interface TaskPageRequest {
  filter: TaskFilter
  /** The time whose state is listed; the present one when left out. */
  asOf?: AsOf
  direction: 'asc' | 'desc'
  /** created_at (with microseconds) and id of the last task of the page before. */
  after?: [createdAt: string, id: string]
  limit: number
  timeZone: string
}

export interface ListedTask {
  id: number
  /** created_at with microseconds, for the cursor. */
  position: string
  json: string
}

/**
 * Pages of tasks by (created_at, id), as they are or as they were. Four ways to the same answer; list-service.ts says
 * which is for what. None leaves the order of work to the planner's guess of how many rows a value has: it guesses wrong
 * for what is rare or absent, and then reads everything.
 */
type Way = (request: Statement) => string

/** By an index whose first column the filter gives a value, or else by date. Only the rows asked for are looked at. */
export const byColumn = (db: Queryable, actor: Actor, request: TaskPageRequest) =>
  list(db, actor, request, direct, true)

/** By date, the first `stretch` tasks. A page that is not full says nothing of what comes after them. */
export const byDate = (db: Queryable, actor: Actor, request: TaskPageRequest, stretch: number) =>
  list(
    db,
    actor,
    request,
    (statement) => `${matching(statement, `(${nearest(statement, stretch)})`)} order by ${statement.order}`,
  )

/**
 * By date, the first `size` tasks; and what these tell, when they do not fill the page. They are read in the order they were
 * put down in: sorted once more, which PostgreSQL before 17 does, all would be read for any page.
 */
export async function bySample(
  db: Queryable,
  actor: Actor,
  request: TaskPageRequest,
  size = SAMPLE,
): Promise<{ tasks: ListedTask[]; sample: Sample | undefined }> {
  return sampled(db, actor, request, (statement) => nearest(statement, size))
}

/** The same of the first tasks that have one of the statuses asked for. */
export const bySampleOfStatus = (db: Queryable, actor: Actor, request: TaskPageRequest, size: number) =>
  sampled(db, actor, request, (statement) => nearestOfStatus(statement, size))

async function sampled(db: Queryable, actor: Actor, request: TaskPageRequest, lookedAt: Way) {
  const page = await read(db, actor, request, (statement) => matching(statement, 'looked_at'), true, lookedAt)
  return { tasks: split(page), sample: page.sample ?? undefined }
}

/**
 * What the next tasks by date tell as they are now, for a list of the past that looks for words or labels: few tasks get others,
 * and no month of history is opened for it.
 */
export async function sampleOfNow(
  db: Queryable,
  actor: Actor,
  request: TaskPageRequest,
  size: number,
): Promise<SampleOfNow> {
  const { statement, values } = newStatement(actor, request)
  const { text, labels, anyLabel, projectId } = request.filter
  const lasting = filterSql({ text, labels, anyLabel, projectId }, request.timeZone, statement.bind)
  const made = `case when t.created_at < ${statement.end} then true end`
  const found = `count(*) filter (where ${[...lasting, readable(actor)].join(' and ')})`
  const query = `
    with looked_at as materialized (${nearest(statement, size, stateSources(undefined), [made])})
    select ${tellSql(statement, `'found', ${found}, 'begin', ${beginOf(statement)}`)} as sample
      from looked_at t`
  const { rows } = await db.query<{ sample: SampleOfNow }>({ name: statementName(actor, query), text: query, values })
  return (rows[0] as { sample: SampleOfNow }).sample
}

/** By the index on words, labels or due dates: finds all that match, so it is for what few do. */
export const bySearch = (db: Queryable, actor: Actor, request: TaskPageRequest, hints: SearchHints = {}) =>
  list(db, actor, request, (statement) => `select * from (${search(statement, hints)}) t`)

/** Project by project: for who sees few of the tasks. */
export const byProject = (db: Queryable, actor: Actor, request: TaskPageRequest) =>
  list(db, actor, request, eachProject)

/** What the next tasks by date tell of those after them. */
export interface Sample {
  /** How many they are; fewer than were asked for when no more come. */
  size: number
  /** When the oldest and the newest of them were made. */
  oldest: string
  newest: string
  /**
   * Where the page begins, if not with them: there may be tasks of the past where none is now. Null when that is not known, in
   * a list of the past from its oldest task on.
   */
  begin?: string | null
  /** Of a text of several words: how many have the last of them, and how many all the others. */
  withLast: number
  withOthers: number
}

export interface SampleOfNow extends Sample {
  /** How many of them have the words and labels, in the project, that are looked for. */
  found: number
}

const LIMITS = [21, 51, 101]

/** Enough tasks to tell what is common from what is rare. */
export const SAMPLE = 300
/** Enough of them where weeks are looked in afterwards: what the guess is worth shows there soon. */
export const SAMPLE_OF_WEEKS = 150

const list = async (...page: Parameters<typeof read>) => split(await read(...page))

/**
 * @param isShort whether it looks at few tasks when there is no filter and no time
 * @param lookedAt the tasks that are there as `looked_at`
 */
async function read(
  db: Queryable,
  actor: Actor,
  request: TaskPageRequest,
  way: Way,
  isShort = false,
  lookedAt?: Way,
): Promise<JoinedPage> {
  const { statement, values } = newStatement(actor, request)
  const { bind, order } = statement
  const page = bind(request.limit)
  const text = `
    ${lookedAt ? `with looked_at as materialized (${lookedAt(statement)})` : ''}
    select string_agg(id, E'\\n') as ids, string_agg(position, E'\\n') as positions, string_agg(json, E'\\n') as tasks,
           ${lookedAt ? sampleSql(statement, page) : 'null'} as sample from (
      select t.id::text as id, to_char(t.created_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as position, ${TASK_JSON} as json
        from (${way(statement)} limit ${page}) t ${TASK_PEOPLE} order by ${order}) page`
  const name = statementName(actor, text)
  const quick = isShort && statement.end === undefined && isEmpty(request.filter)
  const { rows } = await db.query<JoinedPage>({ name, text, values, quick })
  return rows[0] as JoinedPage
}

function newStatement(actor: Actor, request: TaskPageRequest): { statement: Statement; values: unknown[] } {
  const values: unknown[] = [actor.id]
  const bind = (value: unknown) => `$${values.push(value)}`
  const { filter, asOf, direction, after, timeZone } = request
  const end = asOf && endOf(asOf, timeZone, bind)
  const order = `t.created_at ${direction}, t.id ${direction}`
  const [createdAt, id] = (after ?? []).map(bind)
  return {
    values,
    statement: {
      actor,
      filter,
      end,
      after: after && { createdAt: `${createdAt}::timestamptz`, id: `${id}::bigint` },
      direction,
      order,
      limit: LIMITS.find((limit) => limit >= request.limit) ?? request.limit,
      timeZone,
      bind,
    },
  }
}

/**
 * A page in one row, its values one a line: what a row and a column of its own costs the driver, for each task, is more
 * than all the rest of a page. JSON of the database has no line ends.
 */
interface JoinedPage {
  ids: string | null
  positions: string | null
  tasks: string | null
  sample: Sample | null
}

function split(page: JoinedPage): ListedTask[] {
  const [ids = [], positions = [], tasks = []] = [page.ids, page.positions, page.tasks].map((text) => text?.split('\n'))
  return tasks.map((json, i) => ({ id: Number(ids[i]), position: positions[i] ?? '', json }))
}

function direct(statement: Statement): string {
  const { actor, filter, order, timeZone, bind, end, direction } = statement
  const conditions = inOrderOnly([...filterSql(filter, timeZone, bind), readable(actor)])
  // Asked of the value, not of each row: a project that is hidden costs nothing.
  if (filter.projectId !== undefined)
    conditions.push(projectPredicate(actor, 'read', `${bind(filter.projectId)}::bigint`))
  // Nobody's tasks stand below no value that two rows could enclose.
  if (filter.assignedUser === null) conditions.push('t.assigned_user_id is null')
  const prefix = prefixOf(filter, bind)
  if (prefix?.columns[0] === 'status' && end && direction === 'desc')
    return walksInWindows(statement, prefix, conditions)
  return `select * from (${walks(statement, prefix, conditions)}) t order by ${order}`
}

/**
 * No index answers a `case`, and the planner takes it to be true for half of the rows: it cannot prefer an index that finds
 * the rows in another order.
 */
function inOrderOnly(conditions: string[]): string[] {
  return conditions.map((sql) => (sql.startsWith('t.created_at') ? sql : `case when ${sql} then true end`))
}

/** The first tasks by date, whatever they are. */
function nearest(
  statement: Statement,
  n: number,
  sources = stateSources(statement.end),
  conditions: string[] = [],
): string {
  const parts = sources.map((source) =>
    select(source, [range(statement, source.id), ...conditions], inOrder(statement, source, n)),
  )
  return `select * from (${unionAll(parts)}) t order by ${statement.order} limit ${n}`
}

/** The first by date of those with one of the filter's statuses, whatever else they are. */
function nearestOfStatus(statement: Statement, n: number): string {
  const { filter, bind, order } = statement
  const statuses = prefixOf({ status: filter.status }, bind)
  return `select * from (${walks({ ...statement, limit: n }, statuses, [])}) t order by ${order} limit ${n}`
}

function matching({ actor, filter, timeZone, bind }: Statement, tasks: string): string {
  const conditions = [...filterSql(filter, timeZone, bind), readable(actor)].join(' and ')
  return `select * from ${tasks} t where ${conditions}`
}

/** SQL of where a page of the past begins. */
function beginOf({ after, end, direction }: Statement): string {
  if (after) return after.createdAt
  return direction === 'desc' && end ? end : 'null'
}

/** What the tasks that were looked at tell; nothing when they fill the page. */
const sampleSql = (statement: Statement, page: string) =>
  `case when count(*) < ${page} then (select ${tellSql(statement)} from looked_at) end`

function tellSql({ filter, bind }: Statement, more?: string): string {
  const words = filter.text?.trim().split(/\s+/) ?? []
  const having = (some: string[]) => `(select count(*) from looked_at t where ${containsSql(some.join(' '), bind)})`
  const [last, others] = words.length > 1 ? [having(words.slice(-1)), having(words.slice(0, -1))] : ['0', '0']
  return `json_build_object('size', count(*), 'oldest', min(created_at), 'newest', max(created_at),
                            'withLast', ${last}, 'withOthers', ${others}${more ? `, ${more}` : ''})`
}

function eachProject(statement: Statement): string {
  const { actor, filter, order, timeZone, bind } = statement
  const project = withStatus('project_id', `unnest(${readableProjects(actor)})`, filter, bind)
  return `select * from (${walks(statement, project, inOrderOnly(filterSql(filter, timeZone, bind)))}) t order by ${order}`
}

const names = new Map<string, string>()
const MAX_NAMES = 500

/** Prepared under a short name; past a number of combinations nobody sends, statements are not prepared any more. */
function statementName(actor: Actor, text: string): string | undefined {
  const key = `${actorKind(actor)} ${text}`
  const known = names.get(key)
  if (known || names.size >= MAX_NAMES) return known
  const name = `tasks/list/${names.size}`
  names.set(key, name)
  return name
}
