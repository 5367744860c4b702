import type { Actor } from '../auth/index.ts'
import type { Queryable } from '../platform/db.ts'
import { taskPredicate } from '../projects/index.ts'
import { type AsOf, endOf } from './as-of.ts'
import { STATE_COLUMNS } from './as-of-queries.ts'
import { filterSql, type TaskFilter } from './filter-queries.ts'
import { TASK_JSON, TASK_PEOPLE } from './task-json.ts'

/** What the list answers, all of it. */
export interface TaskSelection {
  filter: TaskFilter
  /** The time whose state is meant; the present one when left out. */
  asOf?: AsOf
  direction: 'asc' | 'desc'
}

/** `csv`: safe to be opened by a spreadsheet; `raw csv`: every character as it is. */
export type TaskLineFormat = 'csv' | 'raw csv' | 'ndjson'

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
  const conditions = [taskPredicate(actor, 'read', 't'), ...filterSql(filter, timeZone, bind), 't.deleted_at is null']
  if (end) conditions.push(`t.valid_from < ${end}`)
  const where = conditions.join(' and ')
  const superseded = `union all
    select task_id as ${STATE_COLUMNS} from task_versions t where ${where} and t.valid_to >= ${end}`
  const text = `declare ${cursor} no scroll cursor for
    select ${lineSql(format)} as line
      from (select ${STATE_COLUMNS} from tasks t where ${where} ${end ? superseded : ''}) t ${TASK_PEOPLE}
     order by t.created_at ${direction}, t.id ${direction}`
  await tx.query({ text, values })
}

function lineSql(format: TaskLineFormat): string {
  if (format === 'ndjson') return `${TASK_JSON} || e'\\n'`
  const guard = format === 'csv' ? guardedSql : (text: string) => text
  const cells = COLUMNS.map(([, kind, sql]) => (kind === 'text' ? cellSql(guard(sql)) : sql))
  return `concat(${cells.join(", ',', ")}, e'\\r\\n')`
}

/** With microseconds, so that what is exported and imported again is the same. */
const momentSql = (column: string) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`

/** `text` is what somebody wrote; `plain` can hold nothing that a CSV file has to quote, nor begin a formula. */
const COLUMNS: [name: string, kind: 'plain' | 'text', sql: string][] = [
  ['id', 'plain', 't.id'],
  ['project_id', 'plain', 't.project_id'],
  ['title', 'text', 't.title'],
  ['description', 'text', 't.description'],
  ['status', 'plain', 't.status'],
  ['priority', 'plain', 't.priority'],
  // Labels hold no commas.
  ['labels', 'text', `array_to_string(t.labels, ',')`],
  ['due_date', 'plain', `to_char(t.due_date, 'YYYY-MM-DD')`],
  ['assigned_user', 'text', 'assignee.username'],
  ['created_by', 'text', 'creator.username'],
  ['external_id', 'text', 't.external_id'],
  ['import_id', 'plain', 't.import_id'],
  ['created_at', 'plain', momentSql('t.created_at')],
  ['updated_at', 'plain', momentSql('t.updated_at')],
  ['version', 'plain', 't.version'],
]

export const TASK_CSV_HEADER = `${COLUMNS.map(([name]) => name).join(',')}\r\n`

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
