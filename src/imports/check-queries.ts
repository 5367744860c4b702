import type { Queryable } from '../platform/db.ts'
import { compareImportedTasks, findKeysByIndex, PRIORITIES, planImportedTasks, STATUSES } from '../tasks/index.ts'
import * as cells from './cells-queries.ts'
import type { DateFormat, Field } from './columns.ts'
import { dropStaging, failImport, fence, type LeasedRow } from './lease-queries.ts'
import { rowsOf } from './merge-queries.ts'
import { type ImportState, type SampleDiff, stagingTable } from './queries.ts'

const SAMPLES = 20
const LONGEST_NAME = 200

interface Rule {
  /** An error code, or null when the cell is good; of a row of `cells s` with its lookups. */
  code: string
  /** Of a row of `checked c`, whose code is `c.<field>_code`. */
  message: string
}

const ORDERS: Record<DateFormat, string> = {
  MDY: 'month/day/year or ',
  DMY: 'day/month/year or ',
  YMD: 'year/month/day or ',
}

const noDate = ({ format }: cells.FileColumn) => `is no date: ${format ? ORDERS[format] : ''}YYYY-MM-DD was expected`

/** Whoever has the task already may keep it, as with a change by the API. Asked for as a value, it is found by its key alone. */
const HAS_IT_ALREADY = `u.id = (select t.assigned_user_id from tasks t where t.project_id = i.project_id
                                   and t.external_id = s.external_id and t.deleted_at is null limit 1)`

const RULES: Record<Field, (column: cells.FileColumn, columns: cells.FileColumns) => Rule> = {
  title: () => ({
    code: `when ${cells.IS_BLANK('s.title')} then 'EMPTY_TITLE' when char_length(s.title) > 200 then 'TITLE_TOO_LONG'`,
    message: `case c.title_code when 'EMPTY_TITLE' then 'is empty' else 'is longer than 200 characters' end`,
  }),
  description: () => ({
    code: `when char_length(s.description) > 20000 then 'DESCRIPTION_TOO_LONG'`,
    message: `'is longer than 20000 characters'`,
  }),
  status: () => ({
    code: `when ${cells.WRONG_STATUS} then 'INVALID_STATUS'`,
    message: `'is none of TRUE, FALSE, ${STATUSES.join(', ')}'`,
  }),
  priority: () => ({
    code: `when ${cells.WRONG_PRIORITY} then 'INVALID_PRIORITY'`,
    message: `'is none of ${PRIORITIES.join(', ')}'`,
  }),
  created_at: (column) => ({
    code: `when s.created_at = '' then null when created_at_read.at is null or created_at_read.at < '0001-01-01Z' then 'INVALID_DATE'
           when created_at_read.at > i.created_at then 'DATE_IN_FUTURE'`,
    message: `case c.created_at_code when 'INVALID_DATE' then '${noDate(column)}' else 'lies in the future' end`,
  }),
  due_date: (column) => ({
    code: `when s.due_date <> '' and due_date_read.at is null then 'INVALID_DATE'`,
    message: `'${noDate(column)}'`,
  }),
  labels: () => ({
    code: `when labels_read.wrong then 'INVALID_LABELS'`,
    message: `'has more than 20 labels, or one of more than 50 characters'`,
  }),
  assigned_user: (_, columns) => ({
    code: `when s.assigned_user = '' then null when u.id is null then 'UNKNOWN_USER'
           when u.disabled_at is null and (u.role = 'admin' or m.user_id is not null) then null
           ${columns.has('external_id') ? `when s.external_id <> '' and ${HAS_IT_ALREADY} then null` : ''}
           when u.disabled_at is not null then 'DISABLED_USER' else 'NOT_A_MEMBER'`,
    message: `case c.assigned_user_code when 'UNKNOWN_USER' then 'is no user' when 'DISABLED_USER' then 'is a disabled user'
                                        else 'is not a member of the project' end`,
  }),
  external_id: () => ({
    code: `when char_length(s.external_id) > 200 then 'EXTERNAL_ID_TOO_LONG'
           when doubles.first_line is not null then 'DUPLICATE_EXTERNAL_ID'`,
    message: `case c.external_id_code when 'EXTERNAL_ID_TOO_LONG' then 'is longer than 200 characters'
                                      else 'is in line ' || c.first_line || ' already' end`,
  }),
}

/** Keys that come more than once. */
const DOUBLES = `doubles as materialized (
  select external_id as key, min(line) as first_line from cells where external_id <> ''
   group by external_id having count(*) > 1)`

const JOINS: Partial<Record<Field, string>> = {
  assigned_user: 'left join project_members m on m.user_id = u.id and m.project_id = i.project_id',
  external_id: 'left join doubles on doubles.key = s.external_id and doubles.first_line < s.line',
}

/**
 * Decides about every row in one pass and moves the import on: to merging, to ready when it is a dry run, or to failed.
 * The whole of it is one transaction.
 *
 * @returns its state
 * @throws LeaseLost
 */
export async function checkRows(tx: Queryable, row: LeasedRow, timeZone: string): Promise<ImportState> {
  // Nobody knows yet how many rows are wrong: a loop within a loop over them would never end.
  await tx.query({ text: 'set local enable_nestloop = off' })
  const ambiguous = await inferDateFormats(tx, row)
  if (ambiguous) {
    await failImport(tx, row, 'checking', 'AMBIGUOUS_DATES', ambiguous)
    return 'failed'
  }
  await findErrors(tx, row, timeZone)
  const rejected = await keepRejects(tx, row)
  if (rejected > 0 && row.on_error === 'abort') return abort(tx, row, rejected)
  const decided = { columns: 'columns = $4, rejected = $5', values: [JSON.stringify(row.columns), rejected] }
  if (!row.dry_run) {
    const set = `state = 'merging', merging_at = now(), ${decided.columns}`
    return (await fence(tx, row, 'checking', { set, values: decided.values })).state
  }
  const { created, updated, unchanged, samples } = await planRows(tx, row, timeZone)
  const { state } = await fence(tx, row, 'checking', {
    set: `state = 'ready', ${decided.columns}, created = $6, updated = $7, unchanged = $8, samples = $9`,
    values: [...decided.values, created, updated, unchanged, JSON.stringify(samples)],
  })
  return state
}

/** The errors and the rejected rows stay, to be looked at. */
async function abort(tx: Queryable, row: LeasedRow, rejected: number): Promise<ImportState> {
  const { state } = await fence(tx, row, 'checking', {
    set: `state = 'failed', finished_at = now(), columns = $4, rejected = $5, failure_code = 'ROWS_REJECTED', failure = $6`,
    values: [JSON.stringify(row.columns), rejected, rowsRejected(rejected)],
  })
  await dropStaging(tx, row.id)
  return state
}

function rowsRejected(rejected: number): string {
  const rows = rejected === 1 ? '1 row was rejected' : `${rejected} rows were rejected`
  return `${rows}, and the import was to fail if any was. Nothing was imported.`
}

/** Finds every cell that cannot be taken. `offset 0`: what is made of a cell is made once, not wherever it stands in the statement. */
async function findErrors(tx: Queryable, row: LeasedRow, timeZone: string): Promise<void> {
  const values: unknown[] = [row.id]
  const bind: cells.Bind = (value) => `$${values.push(value)}`
  const columns = cells.fileColumns(row.columns)
  const zone = cells.bindZone(columns, timeZone, bind)
  const rules = [...columns].map(([field, column]) => ({ field, column, ...RULES[field](column, columns) }))
  const codes = rules.map(({ field, code }) => `case ${code} end as ${field}_code`)
  const found = rules.map(
    ({ field, column, message }) =>
      `(${bind(column.name.slice(0, LONGEST_NAME))}::text, c.${column.cell}, c.${field}_code, ${message})`,
  )
  const ctes = [...cells.lookupsSql(columns, zone), ...(columns.has('external_id') ? [DOUBLES] : [])]
  await tx.query({
    text: `with cells as not materialized (${cells.cellsSql(row, columns, 'offset 0')}),
      ${ctes.map((cte) => `${cte},`).join('\n')}
      checked as (
        select s.*, ${codes.join(', ')} ${columns.has('external_id') ? ', doubles.first_line' : ''}
          from cells s join imports i on i.id = $1
          ${cells.lookupJoins(columns)} ${[...columns.keys()].map((field) => JOINS[field] ?? '').join('\n')})
      insert into import_errors (import_id, line, column_name, value, code, message)
      select $1, c.line, e.column_name, left(e.value, 200), e.code, e.message
        from checked c, lateral (values ${found.join(', ')}) e (column_name, value, code, message)
       where coalesce(${rules.map(({ field }) => `c.${field}_code`).join(', ')}) is not null and e.code is not null
      on conflict do nothing`,
    values,
  })
}

/** Writes the rejected rows as they stood in the file; those of the wrong shape are there already. @returns how many there are */
async function keepRejects(tx: Queryable, row: LeasedRow): Promise<number> {
  const quoted = row.columns.map((_, i) => {
    const cell = `r.${cells.cellAt(i)}`
    return `case when ${cell} ~ '["\\r\\n]' or strpos(${cell}, $2) > 0
                 then '"' || replace(${cell}, '"', '""') || '"' else ${cell} end`
  })
  await tx.query({
    text: `insert into import_rejects (import_id, line, record)
           select $1, r.line, array_to_string(array[${quoted.join(', ')}], $2, '')
             from ${stagingTable(row.id)} r
             join (select distinct line from import_errors where import_id = $1) e on e.line = r.line
           on conflict do nothing`,
    values: [row.id, row.delimiter],
  })
  const { rows } = await tx.query<{ rejected: number }>({
    text: 'select count(distinct line) as rejected from import_errors where import_id = $1',
    values: [row.id],
  })
  return rows[0]?.rejected ?? 0
}

/** What merging would do now, and a few examples of what it would change. */
async function planRows(tx: Queryable, row: LeasedRow, timeZone: string) {
  await tx.query({ text: 'set local enable_nestloop = on' })
  await findKeysByIndex(tx)
  const fields = cells.updatedFields(row.columns)
  const plan = await planImportedTasks(tx, rowsOf(row, { after: 0, to: row.last_line }, timeZone), fields, SAMPLES)
  const samples: SampleDiff[] = []
  for (const line of plan.lines.map(Number)) {
    const one = rowsOf(row, { after: line - 1, to: line }, timeZone)
    samples.push(...(await compareImportedTasks(tx, one, fields)))
  }
  return { ...plan, samples }
}

/** What the dates of a column tell that are two numbers and a year. */
interface DateOrder {
  day_first: boolean
  month_first: boolean
  either: boolean
}

/** @returns why a column cannot be read, if one cannot */
async function inferDateFormats(tx: Queryable, row: LeasedRow): Promise<string | undefined> {
  for (const [i, column] of row.columns.entries()) {
    if ((column.field !== 'created_at' && column.field !== 'due_date') || column.format) continue
    const { day_first, month_first, either } = await findDateOrder(tx, row, i)
    if (day_first === month_first && (day_first || either)) return ambiguous(column.name, day_first)
    // 3/3/2025 is the same day in both.
    column.format = day_first ? 'DMY' : month_first ? 'MDY' : null
  }
  return undefined
}

async function findDateOrder(tx: Queryable, row: LeasedRow, index: number): Promise<DateOrder> {
  const { rows } = await tx.query<DateOrder>({
    // Materialized, or each cell is matched and not only each that is different.
    text: `with dates as materialized (select distinct ${cells.cellAt(index)} as cell from ${stagingTable(row.id)}),
           parts as (
             select p[1]::int as a, p[2]::int as b
               from (select regexp_match(cell, '^\\s*(\\d{1,2})[/.-](\\d{1,2})[/.-]\\d{4}\\M') as p from dates) m
              where p is not null)
           select coalesce(bool_or(a between 13 and 31 and b <= 12), false) as day_first,
                  coalesce(bool_or(b between 13 and 31 and a <= 12), false) as month_first,
                  coalesce(bool_or(a <= 12 and b <= 12 and a <> b), false) as either
             from parts`,
  })
  return rows[0] ?? { day_first: false, month_first: false, either: false }
}

function ambiguous(name: string, mixed: boolean): string {
  const what = mixed
    ? 'has dates that begin with the day and dates that begin with the month'
    : 'has dates such as 1/2/2025, and none tells whether the day or the month comes first'
  return `The column ${JSON.stringify(name.slice(0, LONGEST_NAME))} ${what}. Nothing was imported; say how its dates are written (date_format) and send the file again.`
}
