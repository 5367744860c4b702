import type { Actor } from '../auth/index.ts'
import type { Queryable } from '../platform/db.ts'
import { actorKind, projectPredicate, readableProjects, taskPredicate } from '../projects/index.ts'
import { type AsOf, endOf } from './as-of.ts'
import { type StateSource, stateSources } from './as-of-queries.ts'
import {
  assigneeSql,
  type Bind,
  dueSql,
  filterSql,
  hasLabels,
  isEmpty,
  labelsSql,
  type TaskFilter,
  textSql,
} from './filter-queries.ts'
import { STATUSES } from './schemas.ts'
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
  list(db, actor, request, (statement) => walk(statement, stretch), stretch <= SAMPLE)

/** By the index on words, labels or due dates: finds all that match, so it is for what few do. */
export const bySearch = (db: Queryable, actor: Actor, request: TaskPageRequest) => list(db, actor, request, search)

/** Project by project: for who sees few of the tasks. */
export const byProject = (db: Queryable, actor: Actor, request: TaskPageRequest) =>
  list(db, actor, request, eachProject)

interface Statement {
  actor: Actor
  filter: TaskFilter
  /** SQL of where the listed states end. */
  end: string | undefined
  /** SQL of where the page before ended. */
  after: { createdAt: string; id: string } | undefined
  direction: 'asc' | 'desc'
  order: string
  /** A number the statement can hold as it stands: the planner must know that few rows are wanted. */
  limit: number
  timeZone: string
  bind: Bind
}

const LIMITS = [21, 51, 101]

/** Enough tasks to tell what is common from what is rare. */
export const SAMPLE = 300

/** @param isShort whether it looks at few tasks when there is no filter and no time */
async function list(
  db: Queryable,
  actor: Actor,
  request: TaskPageRequest,
  way: Way,
  isShort = false,
): Promise<ListedTask[]> {
  const values: unknown[] = [actor.id]
  const bind = (value: unknown) => `$${values.push(value)}`
  const { filter, asOf, direction, after, timeZone } = request
  const end = asOf && endOf(asOf, timeZone, bind)
  const order = `t.created_at ${direction}, t.id ${direction}`
  const [createdAt, id] = (after ?? []).map(bind)
  const statement: Statement = {
    actor,
    filter,
    end,
    after: after && { createdAt: `${createdAt}::timestamptz`, id: `${id}::bigint` },
    direction,
    order,
    limit: LIMITS.find((limit) => limit >= request.limit) ?? request.limit,
    timeZone,
    bind,
  }
  const text = `
    select string_agg(id, E'\\n') as ids, string_agg(position, E'\\n') as positions, string_agg(json, E'\\n') as tasks from (
      select t.id::text as id, to_char(t.created_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as position, ${TASK_JSON} as json
        from (${way(statement)} limit ${bind(request.limit)}) t ${TASK_PEOPLE} order by ${order}) page`
  const name = statementName(actor, text)
  const quick = isShort && asOf === undefined && isEmpty(filter)
  const { rows } = await db.query<JoinedPage>({ name, text, values, quick })
  return split(rows[0])
}

/**
 * A page in one row, its values one a line: what a row and a column of its own costs the driver, for each task, is more
 * than all the rest of a page. JSON of the database has no line ends.
 */
interface JoinedPage {
  ids: string | null
  positions: string | null
  tasks: string | null
}

function split(page: JoinedPage | undefined): ListedTask[] {
  const [ids = [], positions = [], tasks = []] = [page?.ids, page?.positions, page?.tasks].map((text) =>
    text?.split('\n'),
  )
  return tasks.map((json, i) => ({ id: Number(ids[i]), position: positions[i] ?? '', json }))
}

/**
 * The part of an index on (columns, created_at, id) that is walked: between two rows, so that the walk begins at its first
 * task. As an equality beside a bound in time the last column would leave the planner the choice of other indexes; two
 * bounds in time would be walked from the first. The columns before are equalities, for PostgreSQL 15 ends a walk between
 * rows only where their first column changes. `created_at` says less exactly what `valid_from` says, the last column of the
 * index, which skips what is younger without a look at the row.
 */
function range(statement: Statement, id: string, columns: string[] = [], values: string[] = []): string {
  const { after, end, direction } = statement
  const equal = columns.slice(0, -1).map((column, i) => `t.${column} = ${values[i]}`)
  const compare = (operator: string, createdAt: string, task?: string) => {
    const left = [...columns.slice(-1), 'created_at', ...(task ? [id] : [])].map((column) => `t.${column}`)
    return `(${left.join(', ')}) ${operator} (${[...values.slice(-1), createdAt, ...(task ? [task] : [])].join(', ')})`
  }
  // Without columns an open end needs no bound.
  const open = (operator: string, infinity: string) =>
    columns.length > 0 ? compare(operator, `'${infinity}'::timestamptz`) : undefined
  const isDown = direction === 'desc'
  const ended = end ? compare('<', end) : open('<', 'infinity')
  const upper = after && isDown ? compare('<', after.createdAt, after.id) : ended
  const lower = after && !isDown ? compare('>', after.createdAt, after.id) : open('>', '-infinity')
  return [...equal, upper, lower].filter((bound) => bound !== undefined).join(' and ') || 'true'
}

function select({ table, columns, conditions, begun }: StateSource, more: string[], rest = ''): string {
  const where = [...conditions, begun, ...more].filter((condition) => condition !== undefined).join(' and ')
  return `(select ${columns} from ${table} t where ${where} ${rest})`
}

const unionAll = (parts: string[]) => parts.join('\n union all ')
const readable = (actor: Actor) => taskPredicate(actor, 'read', 't')

function direct(statement: Statement): string {
  const { actor, filter, order, timeZone, bind } = statement
  const conditions = inOrderOnly([...filterSql(filter, timeZone, bind), readable(actor)])
  // Asked of the value, not of each row: a project that is hidden costs nothing.
  if (filter.projectId !== undefined)
    conditions.push(projectPredicate(actor, 'read', `${bind(filter.projectId)}::bigint`))
  // Nobody's tasks stand below no value that two rows could enclose.
  if (filter.assignedUser === null) conditions.push('t.assigned_user_id is null')
  const parts = walks(statement, prefix(filter, bind), conditions)
  return `select * from (${unionAll(parts)}) t order by ${order}`
}

/**
 * No index answers a `case`, and the planner takes it to be true for half of the rows: it cannot prefer an index that finds
 * the rows in another order.
 */
function inOrderOnly(conditions: string[]): string[] {
  return conditions.map((sql) => (sql.startsWith('t.created_at') ? sql : `case when ${sql} then true end`))
}

/** The first columns of an index, and their values: one walk for each row of them. */
interface Prefix {
  columns: string[]
  rows: string[][]
}

/** The columns that narrow most. Where an index has the status next, that is given a value too, if need be each. */
function prefix(filter: TaskFilter, bind: Bind): Prefix {
  const assignee = assigneeSql(filter, bind)
  if (assignee) return { columns: ['assigned_user_id'], rows: [[assignee]] }
  if (filter.projectId !== undefined)
    return withStatus('project_id', [`${bind(filter.projectId)}::bigint`], filter, bind)
  if (filter.priority) return withStatus('priority', filter.priority.map(bind), filter, bind)
  if (filter.status) return { columns: ['status'], rows: filter.status.map((status) => [bind(status)]) }
  return { columns: [], rows: [[]] }
}

function withStatus(column: string, values: string[], filter: TaskFilter, bind: Bind): Prefix {
  const statuses = (filter.status ?? STATUSES).map(bind)
  return { columns: [column, 'status'], rows: values.flatMap((value) => statuses.map((status) => [value, status])) }
}

/** The first rows of each source below each prefix; what they have in common is sorted by who asks for them. */
function walks(statement: Statement, { columns, rows }: Prefix, conditions: string[]): string[] {
  return stateSources(statement.end).flatMap((source) =>
    rows.map((values) => {
      const bounds = range(statement, source.id, values.length > 0 ? columns : [], values)
      return select(source, [bounds, ...conditions], inOrder(statement, source, statement.limit, columns))
    }),
  )
}

function inOrder({ direction, order }: Statement, { id }: StateSource, limit: number, columns: string[] = []): string {
  const first = columns.map((column) => `t.${column} ${direction}, `).join('')
  return `order by ${first}${order.replace('t.id', `t.${id}`)} limit ${limit}`
}

function walk(statement: Statement, stretch: number): string {
  const { actor, filter, order, timeZone, bind } = statement
  const parts = stateSources(statement.end).map((source) =>
    select(source, [range(statement, source.id)], inOrder(statement, source, stretch)),
  )
  const conditions = [...filterSql(filter, timeZone, bind), readable(actor)].join(' and ')
  return `select * from (select * from (${unionAll(parts)}) t order by ${order} limit ${stretch}) t
           where ${conditions} order by ${order}`
}

/**
 * Tasks that have the word, label or day now, or had it in a version that is the last before another (`text_ended` and so
 * on): whoever had it at the time is among them. Then the state of each at that time, in order, until the page is full.
 */
function search(statement: Statement): string {
  const { actor, filter, direction, timeZone, bind } = statement
  const [condition, ended] =
    filter.text !== undefined
      ? [textSql(filter.text, bind), 't.text_ended']
      : hasLabels(filter)
        ? [labelsSql(filter, bind), 't.labels_ended']
        : [dueSql(filter, bind).join(' and '), 't.due_ended']
  const candidates = stateSources(statement.end).map(({ table, id, conditions }) => {
    const held = [...conditions, `(${range(statement, id)}) is true`, condition]
    const where = [...held, ...(table === 'tasks' ? [] : [ended])].join(' and ')
    return `select t.${id} as id, t.created_at from ${table} t where ${where}`
  })
  const conditions = [...filterSql(filter, timeZone, bind), readable(actor)]
  const states = stateSources(statement.end).map((source) => select(source, [`t.${source.id} = c.id`, ...conditions]))
  const order = `c.created_at ${direction}, c.id ${direction}`
  return `with c as materialized (${candidates.join(' union ')})
    select t.* from (select * from c order by ${order}) c cross join lateral (${unionAll(states)}) t order by ${order}`
}

function eachProject(statement: Statement): string {
  const { actor, filter, order, timeZone, bind } = statement
  const project = withStatus('project_id', ['p.id'], filter, bind)
  const parts = walks(statement, project, inOrderOnly(filterSql(filter, timeZone, bind)))
  return `select t.* from unnest(${readableProjects(actor)}) p (id) cross join lateral (${unionAll(parts)}) t
           order by ${order}`
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
