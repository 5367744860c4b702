import type { Queryable } from '../platform/db.ts'
import { insertImportedTasks, PRIORITIES, STATUSES } from '../tasks/index.ts'
import { type ImportRow, stagingTable } from './queries.ts'

/** The statements of the worker. Each checks the lease, so that a worker thought dead can write nothing more. */

const LIST = (words: readonly string[]) => words.map((word) => `'${word}'`).join(', ')

const STATUS = `case upper(btrim(s.status)) when '' then 'pending' when 'TRUE' then 'active' when 'FALSE' then 'inactive'
                     else lower(btrim(s.status)) end`
const PRIORITY = `case when btrim(s.priority) = '' then 'MEDIUM' else upper(btrim(s.priority)) end`

/** Cells are text or null (a column the file lacks, an empty cell); from here on they are text. */
const CELLS = `select line, coalesce(title, '') as title, coalesce(description, '') as description,
  coalesce(status, '') as status, coalesce(priority, '') as priority, btrim(coalesce(created_at, '')) as created_at,
  lower(btrim(coalesce(assigned_user, ''))) as assigned_user`

/** Each date that occurs, read once, however many rows have it. */
const DATES = `dates as materialized (
  select cell, parse_import_time(cell, $2) as at from (select distinct created_at as cell from cells) d where cell <> '')`

/** Takes the import for this worker; undefined when there is nothing left to do. */
export async function takeLease(db: Queryable, importId: number): Promise<ImportRow | undefined> {
  const { rows } = await db.query<ImportRow>({
    name: 'imports/take-lease',
    text: `update imports set lease = lease + 1 where id = $1 and state in ('checking', 'merging') returning *`,
    values: [importId],
  })
  return rows[0]
}

/** True while this worker's lease is the latest; holds the row until the transaction ends. */
export async function holdLease(tx: Queryable, importId: number, lease: number): Promise<boolean> {
  const { rowCount } = await tx.query({
    name: 'imports/hold-lease',
    text: 'select from imports where id = $1 and lease = $2 for no key update',
    values: [importId, lease],
  })
  return rowCount === 1
}

/** Finds every cell that cannot be taken, in one pass over all rows, and moves the import on to merging. */
export async function checkRows(tx: Queryable, row: ImportRow, timeZone: string): Promise<void> {
  await tx.query({
    text: `
      with cells as not materialized (${CELLS} from ${stagingTable(row.id)}),
      ${DATES},
      checked as (
        select s.*,
          case when btrim(s.title) = '' then 'EMPTY_TITLE'
               when char_length(s.title) > 200 then 'TITLE_TOO_LONG' end as title_code,
          case when char_length(s.description) > 20000 then 'DESCRIPTION_TOO_LONG' end as description_code,
          case when ${STATUS} not in (${LIST(STATUSES)}) then 'INVALID_STATUS' end as status_code,
          case when ${PRIORITY} not in (${LIST(PRIORITIES)}) then 'INVALID_PRIORITY' end as priority_code,
          case when s.created_at = '' then null
               when d.at is null then 'INVALID_DATE'
               when d.at > i.created_at then 'DATE_IN_FUTURE' end as created_at_code,
          case when s.assigned_user = '' then null
               when u.id is null then 'UNKNOWN_USER'
               when u.disabled_at is not null then 'DISABLED_USER'
               when u.role <> 'admin' and m.user_id is null then 'NOT_A_MEMBER' end as assigned_user_code
          from cells s
          join imports i on i.id = $1
          left join dates d on d.cell = s.created_at
          left join users u on lower(u.username) = s.assigned_user
          left join project_members m on m.user_id = u.id and m.project_id = i.project_id)
      insert into import_errors (import_id, line, column_name, value, code, message)
      select $1, c.line, e.column_name, left(e.value, 200), e.code, e.message
        from checked c, lateral (values
          ('task_name', c.title, c.title_code,
           case c.title_code when 'EMPTY_TITLE' then 'is empty' else 'is longer than 200 characters' end),
          ('description', c.description, c.description_code, 'is longer than 20000 characters'),
          ('status', c.status, c.status_code, 'is none of TRUE, FALSE, ${STATUSES.join(', ')}'),
          ('priority', c.priority, c.priority_code, 'is none of ${PRIORITIES.join(', ')}'),
          ('created_at', c.created_at, c.created_at_code,
           case c.created_at_code when 'INVALID_DATE' then 'is no date: month/day/year or YYYY-MM-DD was expected'
                                  else 'lies in the future' end),
          ('assigned_user', c.assigned_user, c.assigned_user_code,
           case c.assigned_user_code when 'UNKNOWN_USER' then 'is no user' when 'DISABLED_USER' then 'is a disabled user'
                                     else 'is not a member of the project' end)
        ) e (column_name, value, code, message)
       where coalesce(c.title_code, c.description_code, c.status_code, c.priority_code, c.created_at_code,
                      c.assigned_user_code) is not null
         and e.code is not null
      on conflict do nothing`,
    values: [row.id, timeZone],
  })
  await tx.query({
    text: `update imports set state = 'merging',
                  rejected = (select count(distinct line) from import_errors where import_id = $1)
            where id = $1`,
    values: [row.id],
  })
}

/**
 * Turns the good rows of one stretch of lines into tasks and notes how far it came, in the same transaction: a stretch
 * happens once, whatever is killed when. @returns the number of tasks created
 */
export async function mergeStretch(tx: Queryable, row: ImportRow, toLine: number, timeZone: string): Promise<number> {
  const created = await insertImportedTasks(
    tx,
    `with cells as materialized (
       ${CELLS} from ${stagingTable(row.id)} r
        where r.line > $3 and r.line <= $4
          and not exists (select from import_errors e where e.import_id = $1 and e.line = r.line)),
     ${DATES}
     select i.project_id, s.title, s.description, ${STATUS} as status, ${PRIORITY} as priority,
            u.id as assigned_user_id, i.created_by, i.id as import_id, coalesce(d.at, i.created_at) as created_at
       from cells s
       join imports i on i.id = $1
       left join dates d on d.cell = s.created_at
       left join users u on s.assigned_user <> '' and lower(u.username) = s.assigned_user
      order by u.id, d.at`,
    [row.id, timeZone, row.merged_line, toLine],
  )
  await tx.query({
    name: 'imports/advance',
    text: 'update imports set merged_line = $2, created = created + $3 where id = $1',
    values: [row.id, toLine, created],
  })
  return created
}

/** The table's own check holds the books: rows = created + updated + unchanged + rejected, or it does not end. */
export async function finishImport(tx: Queryable, importId: number) {
  const { rows } = await tx.query<Pick<ImportRow, 'created' | 'updated' | 'unchanged' | 'rejected'>>({
    text: `update imports set state = 'done', finished_at = now() where id = $1
           returning created, updated, unchanged, rejected`,
    values: [importId],
  })
  await tx.query({ text: `drop table if exists ${stagingTable(importId)}` })
  return rows[0] ?? { created: 0, updated: 0, unchanged: 0, rejected: 0 }
}

export async function failImport(tx: Queryable, importId: number, code: string, reason: string): Promise<void> {
  await tx.query({
    text: `update imports set state = 'failed', finished_at = now(), failure_code = $2, failure = $3 where id = $1`,
    values: [importId, code, reason],
  })
  await tx.query({ text: `drop table if exists ${stagingTable(importId)}` })
}
