/** A bound in time: the beginning (or end) of a day in the configured time zone, or an instant. */
type TimeBound = { day: string } | { instant: string }

/** What a list may be narrowed to; conditions combine. */
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
  /** At least one of them. */
  anyLabel?: string[]
  createdFrom?: TimeBound
  createdTo?: TimeBound
  updatedFrom?: TimeBound
  updatedTo?: TimeBound
  dueFrom?: string
  dueTo?: string
  /** Every word, in title or description; the last one may be the beginning of a word. */
  text?: string
}

/** Adds a value to the statement and answers its `$n`. */
export type Bind = (value: unknown) => string

/** The conditions of a filter on a row `t` with the columns of a task. `$1` of the statement is the asker's id. */
export function filterSql(filter: TaskFilter, timeZone: string, bind: Bind): string[] {
  const sql: string[] = []
  if (filter.status) sql.push(`t.status = any(${bind(filter.status)})`)
  if (filter.priority) sql.push(`t.priority = any(${bind(filter.priority)})`)
  const assignee = assigneeSql(filter, bind)
  if (assignee) sql.push(`t.assigned_user_id = ${assignee}`)
  else if (filter.assignedUser === null) sql.push('t.assigned_user_id is null')
  if (filter.projectId !== undefined) sql.push(`t.project_id = ${bind(filter.projectId)}`)
  if (hasLabels(filter)) sql.push(labelsSql(filter, bind))
  if (filter.createdFrom) sql.push(fromSql('t.created_at', filter.createdFrom, timeZone, bind))
  if (filter.createdTo) sql.push(toSql('t.created_at', filter.createdTo, timeZone, bind))
  if (filter.updatedFrom) sql.push(fromSql('t.updated_at', filter.updatedFrom, timeZone, bind))
  if (filter.updatedTo) sql.push(toSql('t.updated_at', filter.updatedTo, timeZone, bind))
  sql.push(...dueSql(filter, bind))
  if (filter.text !== undefined) sql.push(containsSql(filter.text, bind), textSql(filter.text, bind))
  return sql
}

/** The id of the user whose tasks are asked for; undefined when none is, or nobody's are. */
export function assigneeSql(filter: TaskFilter, bind: Bind): string | undefined {
  if (filter.assignedToMe) return '$1'
  if (typeof filter.assignedUser !== 'string') return undefined
  return `(select id from users where lower(username) = lower(${bind(filter.assignedUser)}))`
}

export const isEmpty = (filter: TaskFilter) =>
  Object.values(filter).every((value) => value === undefined || value === false)

export const hasLabels = (filter: TaskFilter) => filter.labels !== undefined || filter.anyLabel !== undefined

/** @param labels SQL of them, as an index has them */
export function labelsSql(filter: TaskFilter, bind: Bind, labels = 't.labels'): string {
  const sql: string[] = []
  if (filter.labels) sql.push(`${labels} @> ${bind(filter.labels)}::text[]`)
  if (filter.anyLabel) sql.push(`${labels} && ${bind(filter.anyLabel)}::text[]`)
  return sql.join(' and ')
}

export function dueSql(filter: TaskFilter, bind: Bind): string[] {
  const sql: string[] = []
  if (filter.dueFrom) sql.push(`t.due_date >= ${bind(filter.dueFrom)}::date`)
  if (filter.dueTo) sql.push(`t.due_date <= ${bind(filter.dueTo)}::date`)
  return sql
}

export const WORDS = `to_tsvector('simple', t.title || ' ' || t.description)`

/**
 * `plainto_tsquery` takes `%`, `_`, quotes and operators as what they are: not words.
 *
 * @param words SQL of them, as an index has them
 * @param isWithoutLast leaves the last one away when there are several: true of more tasks
 */
export function textSql(text: string, bind: Bind, words = WORDS, isWithoutLast = false): string {
  const wanted = `plainto_tsquery('simple', ${bind(text)})::text`
  const all = `nullif(${wanted}, '') || ':*'`
  // They stand in quotes, and a quote within one is doubled.
  const others = `substring(${wanted} from '^(.+) & ''(?:[^'']|'''')*''$')`
  return `${words} @@ (select (${isWithoutLast ? `coalesce(${others}, ${all})` : all})::tsquery)`
}

/** Implied by `textSql`, and a hundred times cheaper where no index answers: each word is somewhere in the text. */
export function containsSql(text: string, bind: Bind): string {
  const patterns = `select '%' || regexp_replace(word, '([%_\\\\])', '\\\\\\1', 'g') || '%'
    from unnest(tsvector_to_array(to_tsvector('simple', ${bind(text)}))) word`
  return `lower(t.title || ' ' || t.description) like all (array(${patterns}))`
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
