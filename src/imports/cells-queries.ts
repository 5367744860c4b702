import { type ImportedField, PRIORITIES, STATUSES } from '../tasks/index.ts'
import type { DateFormat, Field, ImportColumn } from './columns.ts'
import { type ImportRow, stagingTable } from './queries.ts'

/** How the cells of a staging table are read: the same for checking, planning and merging. */

/** Adds a value to the statement. @returns its placeholder */
export type Bind = (value: unknown) => string

export interface FileColumn {
  /** The column of the staging table. */
  cell: string
  /** The cell of the header, as in the file. */
  name: string
  format: DateFormat | null
}

/** What the file has, by field. */
export type FileColumns = ReadonlyMap<Field, FileColumn>

/** Lines of the file, the first one left out. */
export interface Lines {
  after: number
  to: number
}

/** What `\s` is to the API (ECMAScript WhiteSpace and LineTerminator). */
const WHITE = `e' \\t\\n\\r\\f\\v\\u00a0\\u1680\\u2000\\u2001\\u2002\\u2003\\u2004\\u2005\\u2006\\u2007\\u2008\\u2009\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff'`
const list = (words: readonly string[]) => words.map((word) => `'${word}'`).join(', ')

export const cellAt = (index: number) => `c${index + 1}`

export function fileColumns(columns: readonly ImportColumn[]): FileColumns {
  return new Map(
    columns.flatMap(({ name, field, format }, i) =>
      field ? [[field, { cell: cellAt(i), name, format }] as const] : [],
    ),
  )
}

const text = (cell: string) => `coalesce(r.${cell}, '')`
const trimmed = (cell: string) => `btrim(${text(cell)}, ${WHITE})`

/** What is compared and looked up of each field: text, '' when the cell is empty. */
const NORMAL: Record<Field, (cell: string) => string> = {
  title: text,
  description: text,
  status: (cell) => `upper(${trimmed(cell)})`,
  priority: (cell) => `upper(${trimmed(cell)})`,
  created_at: trimmed,
  due_date: trimmed,
  labels: text,
  assigned_user: (cell) => `lower(${trimmed(cell)})`,
  // Not trimmed: a key is what it was when the file was written. Nothing but spaces is none.
  external_id: (cell) => `case when ${trimmed(cell)} = '' then '' else ${text(cell)} end`,
}

export const IS_BLANK = (sql: string) => `btrim(${sql}, ${WHITE}) = ''`

/** Null for an empty cell. What is no status stays what it is, in lower case. */
const STATUS = `case s.status when '' then null when 'TRUE' then 'active' when 'FALSE' then 'inactive'
                     else lower(s.status) end`

export const WRONG_STATUS = `(${STATUS}) not in (${list(STATUSES)})`
export const WRONG_PRIORITY = `s.priority not in ('', ${list(PRIORITIES)})`

/** `cells`: each row of the file, its fields by name beside the columns of the staging table. */
export function cellsSql(row: ImportRow, columns: FileColumns, where = ''): string {
  const fields = [...columns].map(([field, { cell }]) => `${NORMAL[field](cell)} as ${field}`)
  return `select r.*, ${fields.join(', ')} from ${stagingTable(row.id)} r ${where}`
}

/** A statement without dates has no place for it. */
export function bindZone(columns: FileColumns, timeZone: string, bind: Bind): string {
  return columns.has('created_at') || columns.has('due_date') ? `${bind(timeZone)}::text` : 'null'
}

/** Each date and each list of labels that occurs, read once, however many rows have it. */
export function lookupsSql(columns: FileColumns, zone: string): string[] {
  const distinct = (field: Field) => `(select distinct ${field} as cell from cells where ${field} <> '') d`
  return [...columns].flatMap(([field, { format }]) => {
    if (field === 'labels') {
      return `labels_read as materialized (
        select l.cell, l.labels, cardinality(l.labels) > 20
                 or exists (select from unnest(l.labels) label where char_length(label) > 50) as wrong
          from (select cell, array(select distinct btrim(part, ${WHITE}) collate "C" as label
                                     from unnest(string_to_array(cell, ',')) part
                                    where not ${IS_BLANK('part')} order by label) as labels
                  from ${distinct(field)}) l)`
    }
    if (field !== 'created_at' && field !== 'due_date') return []
    const date = `parse_import_date(cell, ${format ? `'${format}'` : 'null'}, ${zone})`
    return `${field}_read as materialized (select cell, ${date} as at from ${distinct(field)})`
  })
}

/** The joins that give a row of `cells s` what its cells mean. */
export function lookupJoins(columns: FileColumns): string {
  const joins: Partial<Record<Field, string>> = {
    labels: 'left join labels_read on labels_read.cell = s.labels',
    created_at: 'left join created_at_read on created_at_read.cell = s.created_at',
    due_date: 'left join due_date_read on due_date_read.cell = s.due_date',
    assigned_user: 'left join users u on lower(u.username) = s.assigned_user',
  }
  return [...columns.keys()].map((field) => joins[field] ?? '').join('\n')
}

function isAccepted(importId: string, lines: Lines, bind: Bind): string {
  const [after, to] = [`${bind(lines.after)}::bigint`, `${bind(lines.to)}::bigint`]
  return `where r.line > ${after} and r.line <= ${to} and not exists (
    select from import_errors e where e.import_id = ${importId} and e.line = r.line and e.line > ${after} and e.line <= ${to})`
}

/**
 * The rows that were not rejected, as values of a task: what `src/tasks` takes as its source. A status and a priority are
 * null where the cell is empty, or the column is not there.
 */
export function acceptedRows(row: ImportRow, timeZone: string, lines: Lines, bind: Bind): string {
  const columns = fileColumns(row.columns)
  const zone = bindZone(columns, timeZone, bind)
  const id = `${bind(row.id)}::bigint`
  const where = isAccepted(id, lines, bind)
  const value = (field: Field, sql: string, otherwise: string) => `${columns.has(field) ? sql : otherwise} as ${field}`
  return `with cells as materialized (${cellsSql(row, columns, where)}),
    ${lookupsSql(columns, zone)
      .map((lookup) => `${lookup},`)
      .join('\n')}
    i as materialized (select * from imports where id = ${id})
    select s.line, i.project_id, coalesce(i.committed_by, i.created_by) as created_by, i.id as import_id, s.title,
           ${value('description', 's.description', `''::text`)},
           ${value('status', STATUS, 'null::text')},
           ${value('priority', `nullif(s.priority, '')`, 'null::text')},
           ${value('labels', `coalesce(labels_read.labels, '{}')`, `'{}'::text[]`)},
           ${value('due_date', `(due_date_read.at at time zone ${zone})::date`, 'null::date')},
           ${columns.has('assigned_user') ? 'u.id' : 'null::bigint'} as assigned_user_id,
           ${value('external_id', `nullif(s.external_id, '')`, 'null::text')},
           ${value('created_at', 'coalesce(created_at_read.at, i.created_at)', 'i.created_at')}
      from cells s cross join i ${lookupJoins(columns)}`
}

/** The fields that an update writes. */
export function updatedFields(columns: readonly ImportColumn[]): ImportedField[] {
  return columns.flatMap(({ field }) => {
    if (!field || field === 'created_at' || field === 'external_id') return []
    return field === 'assigned_user' ? 'assigned_user_id' : field
  })
}
