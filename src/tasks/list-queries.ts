import type { Actor } from '../auth/index.ts'
import type { Queryable } from '../platform/db.ts'
import { actorKind, taskPredicate } from '../projects/index.ts'
import { TASK_JSON, TASK_PEOPLE } from './task-json.ts'

/** A bound in time: the beginning (or end) of a day in `timeZone`, or an instant. */
type TimeBound = { day: string } | { instant: string }

export interface TaskFilter {
  status?: string[]
  priority?: string[]
  /** A username; `null` for nobody. */
  assignedUser?: string | null
  /** Whatever the name, the asker. */
  assignedToMe?: boolean
  projectId?: number
  /** All of them. */
  labels?: string[]
  createdFrom?: TimeBound
  createdTo?: TimeBound
  updatedFrom?: TimeBound
  updatedTo?: TimeBound
  dueFrom?: string
  dueTo?: string
  /** Every word, in title or description; the last one may be the beginning of a word. */
  text?: string
}

export interface TaskPageRequest {
  filter: TaskFilter
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
 * A page of tasks by (created_at, id). Only the conditions asked for stand in the statement, so that each combination
 * is a prepared statement with a plan of its own.
 */
export async function listTasks(db: Queryable, actor: Actor, request: TaskPageRequest): Promise<ListedTask[]> {
  const values: unknown[] = [actor.id]
  const bind = (value: unknown) => `$${values.push(value)}`
  const { filter, direction, after, limit, timeZone } = request
  const conditions = ['t.deleted_at is null', taskPredicate(actor, 'read', 't'), ...filterSql(filter, timeZone, bind)]
  if (after) {
    const operator = direction === 'desc' ? '<' : '>'
    conditions.push(`(t.created_at, t.id) ${operator} (${bind(after[0])}::timestamptz, ${bind(after[1])}::bigint)`)
  }
  const order = `t.created_at ${direction}, t.id ${direction}`
  const text = `${textMatches(filter, bind)}
    select t.id, to_char(t.created_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as position, ${TASK_JSON} as json
      from (select t.* from tasks t where ${conditions.join(' and ')} order by ${order} limit ${bind(limit)}) t
      ${TASK_PEOPLE} order by ${order}`
  const { rows } = await db.query<ListedTask>({ name: statementName(actor, text), text, values })
  return rows
}

type Bind = (value: unknown) => string

function filterSql(filter: TaskFilter, timeZone: string, bind: Bind): string[] {
  const sql: string[] = []
  if (filter.status) sql.push(`t.status = any(${bind(filter.status)})`)
  if (filter.priority) sql.push(`t.priority = any(${bind(filter.priority)})`)
  if (filter.assignedToMe) sql.push('t.assigned_user_id = $1')
  if (filter.assignedUser === null) sql.push('t.assigned_user_id is null')
  else if (filter.assignedUser !== undefined) {
    sql.push(`t.assigned_user_id = (select id from users where lower(username) = lower(${bind(filter.assignedUser)}))`)
  }
  if (filter.projectId !== undefined) sql.push(`t.project_id = ${bind(filter.projectId)}`)
  if (filter.labels) sql.push(`t.labels @> ${bind(filter.labels)}`)
  if (filter.createdFrom) sql.push(fromSql('t.created_at', filter.createdFrom, timeZone, bind))
  if (filter.createdTo) sql.push(toSql('t.created_at', filter.createdTo, timeZone, bind))
  if (filter.updatedFrom) sql.push(fromSql('t.updated_at', filter.updatedFrom, timeZone, bind))
  if (filter.updatedTo) sql.push(toSql('t.updated_at', filter.updatedTo, timeZone, bind))
  if (filter.dueFrom) sql.push(`t.due_date >= ${bind(filter.dueFrom)}::date`)
  if (filter.dueTo) sql.push(`t.due_date <= ${bind(filter.dueTo)}::date`)
  if (filter.text !== undefined) sql.push('t.id in (select id from matches)')
  return sql
}

function fromSql(column: string, bound: TimeBound, timeZone: string, bind: Bind): string {
  if ('instant' in bound) return `${column} >= ${bind(bound.instant)}::timestamptz`
  return `${column} >= ${bind(bound.day)}::date::timestamp at time zone ${bind(timeZone)}`
}

/** Up to and with the whole day, or the instant. */
function toSql(column: string, bound: TimeBound, timeZone: string, bind: Bind): string {
  if ('instant' in bound) return `${column} <= ${bind(bound.instant)}::timestamptz`
  return `${column} < (${bind(bound.day)}::date + 1)::timestamp at time zone ${bind(timeZone)}`
}

/**
 * The matches are found first, by the text index: left to choose, the planner walks the tasks by date instead and takes
 * seconds for a rare word. `plainto_tsquery` takes `%`, `_`, quotes and operators as what they are: not words.
 */
function textMatches(filter: TaskFilter, bind: Bind): string {
  if (filter.text === undefined) return ''
  const words = `plainto_tsquery('simple', ${bind(filter.text)})::text`
  return `with matches as materialized (
    select s.id from tasks s
     where s.deleted_at is null
       and to_tsvector('simple', s.title || ' ' || s.description) @@ (nullif(${words}, '') || ':*')::tsquery)`
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
