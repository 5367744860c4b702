import type { Actor } from '../auth/index.ts'
import { taskPredicate } from '../projects/index.ts'
import type { StateSource } from './as-of-queries.ts'
import type { Bind, TaskFilter } from './filter-queries.ts'

/** What the ways to list tasks have in common. */
export interface Statement {
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

/**
 * The part of an index on (columns, created_at, id) that is walked: between two rows, so that the walk begins at its first
 * task. As an equality beside a bound in time the last column would leave the planner the choice of other indexes; two
 * bounds in time would be walked from the first. The columns before are equalities, for PostgreSQL 15 ends a walk between
 * rows only where their first column changes. `created_at` says less exactly what `valid_from` says, the last column of the
 * index, which skips what is younger without a look at the row.
 */
export function range(statement: Statement, id: string, columns: string[] = [], values: string[] = []): string {
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

export function select({ table, columns, conditions, begun }: StateSource, more: string[], rest = ''): string {
  const where = [...conditions, begun, ...more].filter((condition) => condition !== undefined).join(' and ')
  return `(select ${columns} from ${table} t where ${where} ${rest})`
}

/** The order of an index on (columns, created_at, id), and where its walk ends. */
export function inOrder(statement: Statement, source: StateSource, limit: number, columns: string[] = []): string {
  const { direction, order } = statement
  const first = columns.map((column) => `t.${column} ${direction}, `).join('')
  return `order by ${first}${order.replace('t.id', `t.${source.id}`)} limit ${limit}`
}

export const unionAll = (parts: string[]) => parts.join('\n union all ')
export const readable = (actor: Actor) => taskPredicate(actor, 'read', 't')
