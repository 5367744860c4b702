import type { Actor } from '../auth/index.ts'
import type { Queryable } from '../platform/db.ts'
import { taskPredicate } from '../projects/index.ts'
import { type AsOf, endOf } from './as-of.ts'
import { stateSources } from './as-of-queries.ts'
import { filterSql, type TaskFilter } from './filter-queries.ts'
import { TASK_JSON, TASK_PEOPLE } from './task-json.ts'

/** What the list answers, all of it. */
export interface TaskSelection {
  filter: TaskFilter
  /** The time whose state is meant; the present one when left out. */
  asOf?: AsOf
  direction: 'asc' | 'desc'
}

/** `csv`: safe to be opened by a spreadsheet; `raw csv`: every character as it is; `cells`: a JSON array of typed cells. */
export type TaskLineFormat = 'csv' | 'raw csv' | 'ndjson' | 'cells'

/**
 * Opens a cursor over the tasks the actor may read, a line of the file each, in the order of the list.
 *
 * @param cursor its name; a word, since it stands in the statement as it is
 */
export async function declareTaskLines(
  tx: Queryable,
  actor: Actor,
  cursor: string,
  { filter, asOf, direction }: TaskSelection,
  format: TaskLineFormat,
  timeZone: string,
): Promise<void> {
  const values: unknown[] = [actor.id]
  const bind = (value: unknown) => `$${values.push(value)}`
  const end = asOf && endOf(asOf, timeZone, bind)
  const wanted = [taskPredicate(actor, 'read', 't'), ...filterSql(filter, timeZone, bind)]
  const states = stateSources(end).map(({ table, columns, conditions, begun }) => {
    const where = [...wanted, ...conditions, ...(begun ? [begun] : [])].join(' and ')
    return `select ${columns} from ${table} t where ${where}`
  })
  const text = `declare ${cursor} no scroll cursor for
    select ${lineSql(format, () => bind(timeZone))} as line
      from (${states.join(' union all ')}) t ${TASK_PEOPLE}
     order by t.created_at ${direction}, t.id ${direction}`
  await tx.query({ text, values })
}

function lineSql(format: TaskLineFormat, bindZone: () => string): string {
  if (format === 'ndjson') return `${TASK_JSON} || e'\\n'`
  if (format === 'cells') {
    const zone = bindZone()
    return `json_build_array(${COLUMNS.map(([, kind, sql]) => serialSql(kind, sql, zone)).join(', ')})::text`
  }
  const guard = format === 'csv' ? guardedSql : (text: string) => text
  const cells = COLUMNS.map(([, kind, sql]) => {
    if (kind === 'text') return cellSql(guard(sql))
    return kind === 'day' ? daySql(sql) : kind === 'moment' ? momentSql(sql) : sql
  })
  return `concat(${cells.join(", ',', ")}, e'\\r\\n')`
}

const daySql = (column: string) => `to_char(${column}, 'YYYY-MM-DD')`
/** With microseconds, so that what is exported and imported again is the same. */
const momentSql = (column: string) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`

/**
 * A day, or a moment on the clock of the zone, as a spreadsheet counts it: in days since the end of 1899 (ECMA-376 part 1,
 * 18.17.4.1). What lies before 1 March 1900 or after 9999 it cannot count, and stays a text.
 */
function serialSql(kind: ColumnKind, sql: string, zone: string): string {
  if (kind !== 'day' && kind !== 'moment') return sql
  const local = kind === 'day' ? sql : `(${sql} at time zone ${zone}::text)`
  const days =
    kind === 'day' ? `${sql} - date '1899-12-30'` : `extract(epoch from ${local} - timestamp '1899-12-30') / 86400`
  return `case when ${local} >= '1900-03-01' and ${local} < '10000-01-01' then to_json(${days})
               when ${sql} is not null then to_json(${kind === 'day' ? daySql(sql) : momentSql(sql)}) end`
}

type ColumnKind = 'number' | 'word' | 'text' | 'day' | 'moment'

/** `text` is what somebody wrote; all else can hold nothing that a CSV file has to quote, nor begin a formula. */
const COLUMNS: [name: string, kind: ColumnKind, sql: string][] = [
  ['id', 'number', 't.id'],
  ['project_id', 'number', 't.project_id'],
  ['title', 'text', 't.title'],
  ['description', 'text', 't.description'],
  ['status', 'word', 't.status'],
  ['priority', 'word', 't.priority'],
  // Labels hold no commas.
  ['labels', 'text', `array_to_string(t.labels, ',')`],
  ['due_date', 'day', 't.due_date'],
  ['assigned_user', 'text', 'assignee.username'],
  ['created_by', 'text', 'creator.username'],
  ['external_id', 'text', 't.external_id'],
  ['import_id', 'number', 't.import_id'],
  ['created_at', 'moment', 't.created_at'],
  ['updated_at', 'moment', 't.updated_at'],
  ['version', 'number', 't.version'],
]

export const TASK_CSV_HEADER = `${COLUMNS.map(([name]) => name).join(',')}\r\n`
/** What `cells` holds, in its order; days and moments are numbers, or texts where a spreadsheet has no number for them. */
export const TASK_CELLS = COLUMNS.map(([name, kind]) => ({ name, kind }))

/** RFC 4180. An absent value is an empty cell. */
function cellSql(text: string): string {
  return `case when ${text} ~ '[",\\r\\n]' then '"' || replace(${text}, '"', '""') || '"' else ${text} end`
}

/**
 * What spreadsheets take for the beginning of a formula gets a `'` in front, as OWASP advises ("CSV Injection"): = + - @,
 * also in full width and after blanks; tab and line ends as the first character.
 */
function guardedSql(text: string): string {
  return `(case when ${text} ~ '^(?:[\\t\\r\\n]|[\\s\\u00a0\\u200b\\ufeff]*[-=+@\\uff0d\\uff1d\\uff0b\\uff20])'
                then '''' || ${text} else ${text} end)`
}
