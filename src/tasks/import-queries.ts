import type { Queryable } from '../platform/db.ts'
import { MOMENT, nextVersion } from './queries.ts'

/**
 * What imports write. They give rows as a SELECT of line, project_id, created_by, import_id, title, description, status and
 * priority (null when not given), labels, due_date, assigned_user_id, external_id and created_at, every value of it checked.
 * In `values` the first, $1, is the user who imports.
 */
export interface ImportedRows {
  text: string
  values: unknown[]
}

export type ImportedField = 'title' | 'description' | 'status' | 'priority' | 'labels' | 'due_date' | 'assigned_user_id'

export interface MergedTasks {
  /** Rows that were given, whatever became of them. */
  rows: number
  created: number
  unchanged: number
  updated: { id: number; version: number }[]
}

/** What the row makes of the task: a status or priority that is not given stays as it is. */
const nextValue = (field: ImportedField) =>
  field === 'status' || field === 'priority' ? `coalesce(s.${field}, t.${field})` : `s.${field}`

const differs = (fields: readonly ImportedField[]) =>
  `(${fields.map((f) => `t.${f}`).join(', ')}) is distinct from (${fields.map(nextValue).join(', ')})`

/** The living task that has the key of the row; found by its index one by one, however many tasks there are. */
const withTheKey = (columns: string) => `select ${columns} from tasks t
  where t.project_id = s.project_id and t.external_id = s.external_id and t.deleted_at is null limit 1`

/**
 * To be called in a transaction that looks for keys. A table that was empty when it was last looked at is planned for as one
 * that takes no time to read; what is being written into it meanwhile would be gone through for each key.
 */
export async function findKeysByIndex(tx: Queryable): Promise<void> {
  await tx.query({ text: 'set local enable_seqscan = off' })
}

/** Of rows `s`. Their history begins at their created_at. */
const INSERT = `insert into tasks (project_id, title, description, status, priority, labels, due_date, assigned_user_id,
                                   created_by, external_id, import_id, created_at, updated_at, valid_from, changed_by, cause)
  select s.project_id, s.title, s.description, coalesce(s.status, 'pending'), coalesce(s.priority, 'MEDIUM'), s.labels,
         s.due_date, s.assigned_user_id, s.created_by, s.external_id, s.import_id, s.created_at, clock_timestamp(),
         s.created_at, $1::bigint, 'import'`

/** Creates the tasks of rows without keys, as one set. @returns how many there are */
export async function insertImportedTasks(tx: Queryable, rows: ImportedRows): Promise<number> {
  const { rowCount } = await tx.query({
    text: `${INSERT} from (${rows.text}) s order by s.assigned_user_id, s.created_at`,
    values: rows.values,
  })
  return rowCount ?? 0
}

/**
 * Changes the living tasks that have the keys of the rows, where a row differs, then creates those of the other rows. Each row
 * is read and each key looked for once.
 *
 * Tasks are locked in the order of their ids, as by every statement over many tasks, and compared again once they are: a change
 * made meanwhile is not lost. New keys come in their order, so that two imports never wait each for the other.
 */
export async function mergeImportedTasks(
  tx: Queryable,
  rows: ImportedRows,
  fields: readonly ImportedField[],
): Promise<MergedTasks> {
  const { rows: found } = await tx.query<Omit<MergedTasks, 'updated'> & { id: number | null; version: number }>({
    text: `with given as materialized (
             select s.*, t.id as task_id, t.differs
               from (${rows.text}) s
               left join lateral (${withTheKey(`t.id, ${differs(fields)} as differs`)}) t on s.external_id is not null),
           mine as materialized (
             select t.id from tasks t join given s on s.task_id = t.id
              where s.differs and t.project_id = s.project_id and t.external_id = s.external_id and t.deleted_at is null
              order by t.id for no key update of t),
           ${MOMENT},
           changed as (
             update tasks t set ${fields.map((f) => `${f} = ${nextValue(f)}`).join(', ')},
                                ${nextVersion('moment.at', 'import')}
               from mine, given s, moment
              where t.id = mine.id and s.task_id = mine.id and ${differs(fields)}
             returning t.id, t.version),
           created as (
             ${INSERT} from given s, (select count(*) from changed) changed_first
              where s.task_id is null order by s.external_id, s.assigned_user_id, s.created_at
             returning 1)
           select c.*, t.id, t.version
             from (select (select count(*) from given) as rows, (select count(*) from created) as created,
                          (select count(*) from given where not differs) as unchanged) c
             left join changed t on true`,
    values: rows.values,
  })
  const updated = found.flatMap(({ id, version }) => (id === null ? [] : { id, version }))
  const { rows: given = 0, created = 0, unchanged = 0 } = found[0] ?? {}
  return { rows: given, created, unchanged, updated }
}

/** What of the rows would be created, updated and left as it is, now; and the first lines that would update. */
export async function planImportedTasks(
  db: Queryable,
  rows: ImportedRows,
  fields: readonly ImportedField[],
  samples: number,
) {
  const { rows: found } = await db.query<{ created: number; updated: number; unchanged: number; lines: string[] }>({
    text: `with planned as materialized (
             select s.line, t.differs
               from (${rows.text}) s
               left join lateral (select ${differs(fields)} as differs from (${withTheKey('t.*')}) t) t
                      on s.external_id is not null
              where $1::bigint is not null)
           select count(*) filter (where differs is null) as created, count(*) filter (where differs) as updated,
                  count(*) filter (where not differs) as unchanged,
                  array(select p.line::text from planned p where p.differs order by p.line limit ${samples}) as lines
             from planned`,
    values: rows.values,
  })
  return found[0] ?? { created: 0, updated: 0, unchanged: 0, lines: [] }
}

export interface TaskDifference {
  line: number
  external_id: string
  task_id: number
  /** Only the fields that differ; a long text is cut. */
  changes: Record<string, { from: unknown; to: unknown }>
}

const SHOWN: Record<ImportedField, (row: 's' | 't', value: string) => string> = {
  title: (_, value) => value,
  description: (_, value) => `left(${value}, 200)`,
  status: (_, value) => value,
  priority: (_, value) => value,
  labels: (_, value) => value,
  due_date: (_, value) => value,
  assigned_user_id: (_, value) => `(select username from users where id = ${value})`,
}

/** How the rows differ from the tasks that have their keys. */
export async function compareImportedTasks(
  db: Queryable,
  rows: ImportedRows,
  fields: readonly ImportedField[],
): Promise<TaskDifference[]> {
  const changes = fields.map(
    (f) => `case when t.${f} is distinct from ${nextValue(f)} then jsonb_build_object('${f.replace('_id', '')}',
      jsonb_build_object('from', ${SHOWN[f]('t', `t.${f}`)}, 'to', ${SHOWN[f]('s', nextValue(f))})) else '{}' end`,
  )
  const { rows: found } = await db.query<TaskDifference>({
    text: `select s.line, s.external_id, t.id as task_id, ${changes.join(' || ')} as changes
             from (${rows.text}) s, lateral (${withTheKey('t.*')}) t
            where $1::bigint is not null and s.external_id is not null order by s.line`,
    values: rows.values,
  })
  return found
}
