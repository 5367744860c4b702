import { type StateSource, stateSources } from './as-of-queries.ts'
import { assigneeSql, type Bind, type TaskFilter } from './filter-queries.ts'
import { inOrder, range, type Statement, select, unionAll } from './list-parts-queries.ts'
import { STATUSES } from './schemas.ts'

/** The first columns of an index, and SQL of a table of their values: one walk for each row of it. */
export interface Prefix {
  columns: string[]
  rows: string
}

/** The columns that narrow most. Where an index has the status next, that is given a value too, if need be each. */
export function prefixOf(filter: TaskFilter, bind: Bind): Prefix | undefined {
  const assignee = assigneeSql(filter, bind)
  if (assignee) return { columns: ['assigned_user_id'], rows: `(select (${assignee})::bigint) p (assigned_user_id)` }
  if (filter.projectId !== undefined)
    return withStatus('project_id', `(select ${bind(filter.projectId)}::bigint)`, filter, bind)
  if (filter.priority) return withStatus('priority', `unnest(${bind(filter.priority)}::text[])`, filter, bind)
  if (filter.status) return { columns: ['status'], rows: `unnest(${bind(filter.status)}::text[]) p (status)` }
  return undefined
}

/** @param values SQL of a table of the column's values */
export function withStatus(column: string, values: string, filter: TaskFilter, bind: Bind): Prefix {
  const statuses = bind(filter.status ?? STATUSES)
  const rows = `(select v.*, s.* from ${values} v cross join unnest(${statuses}::text[]) s) p (${column}, status)`
  return { columns: [column, 'status'], rows }
}

/**
 * The first rows of each source below each prefix; what they have in common is sorted by who asks for them. However many
 * prefixes there are, the plan has each month of history once: opening it is dearer than walking once more.
 */
export function walks(statement: Statement, prefix: Prefix | undefined, conditions: string[]): string {
  const columns = prefix?.columns ?? []
  const values = columns.map((column) => `p.${column}`)
  return below(
    prefix,
    eachSource(statement, columns, conditions, ({ id }) => range(statement, id, columns, values)),
  )
}

/** How far back from the beginning of the page windows reach: few of them, for each is a walk through every month of history. */
const WINDOWS = ['2 days', '16 days', '128 days']

/**
 * The same in the order of the list, newest first, for past statuses. A walk through a month ends at its first match, and before
 * that there may be thousands that had not begun or are not due. So what was made in the last days is walked through, and
 * what was made before only if that does not fill the page.
 */
export function walksInWindows(statement: Statement, statuses: Prefix, conditions: string[]): string {
  const { order, limit, end, after } = statement
  // Equal to a value, for PostgreSQL 15 does not end a walk between rows at their second column. The row says nothing that the
  // rest does not; it makes any other index the dearer one for the planner.
  const parts = eachSource(
    statement,
    statuses.columns,
    conditions,
    ({ id }) => `t.status = p.status and (t.status, t.created_at) < (p.status, ${end})
      and (t.created_at, t.${id}) < (w.at, w.id) and t.created_at >= w.edge`,
  )
  const at = after?.createdAt ?? end
  const edges = [...WINDOWS.map((length) => `${at} - interval '${length}'`), `'-infinity'::timestamptz`]
  const windows = edges.map((edge, i) => `(${edges[i - 1] ?? at}, ${i === 0 && after ? after.id : 0}, ${edge})`)
  return `select t.* from (values ${windows.join(', ')}) w (at, id, edge)
            cross join lateral (select * from (${below(statuses, parts)}) t order by ${order} limit ${limit}) t`
}

function eachSource(
  statement: Statement,
  columns: string[],
  conditions: string[],
  bounds: (source: StateSource) => string,
): string {
  const parts = stateSources(statement.end).map((source) =>
    select(source, [bounds(source), ...conditions], inOrder(statement, source, statement.limit, columns)),
  )
  return unionAll(parts)
}

const below = (prefix: Prefix | undefined, parts: string) =>
  prefix ? `select t.* from ${prefix.rows} cross join lateral (${parts}) t` : parts
