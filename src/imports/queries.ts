import type { Actor } from '../auth/index.ts'
import type { Connection, Queryable } from '../platform/db.ts'
import type { Rejected } from './csv-file.ts'

type ImportState = 'receiving' | 'checking' | 'merging' | 'done' | 'failed'

export interface ImportRow {
  id: number
  project_id: number
  created_by: number
  file_name: string | null
  state: ImportState
  bytes: number
  rows: number
  created: number
  updated: number
  unchanged: number
  rejected: number
  last_line: number
  merged_line: number
  lease: number
  failure_code: string | null
  failure: string | null
  created_at: Date
  finished_at: Date | null
}

export interface ImportErrorRow {
  line: number
  column_name: string
  value: string | null
  code: string
  message: string
}

const IMPORT_COLUMNS = `i.id, i.project_id, i.created_by, i.file_name, i.state, i.bytes, i.rows, i.created, i.updated,
  i.unchanged, i.rejected, i.last_line, i.merged_line, i.lease, i.failure_code, i.failure, i.created_at, i.finished_at`

/** Its name is made of digits only. */
export const stagingTable = (importId: number) => `import_staging.import_${Number(importId)}`

/** Imports are for administrators, who see all of them. */
const VISIBLE = `exists (select from users u where u.id = $1 and u.role = 'admin')`

export async function insertImport(
  db: Queryable,
  actor: Actor,
  projectId: string | null,
  fileName: string | null,
): Promise<number | undefined> {
  const { rows } = await db.query<{ id: number }>({
    name: 'imports/insert',
    text: `insert into imports (project_id, created_by, file_name)
           select p.id, $1, $3 from projects p
            where p.id = coalesce($2, (select id from projects where is_default)) and p.archived_at is null
              and ${VISIBLE}
           returning id`,
    values: [actor.id, projectId, fileName],
  })
  return rows[0]?.id
}

/** Held while the file arrives: an import that is `receiving` and not locked has lost its upload. */
export async function lockReceiving(tx: Queryable, importId: number): Promise<void> {
  await tx.query({ text: 'select from imports where id = $1 for no key update', values: [importId] })
}

/** Logged, so that what was answered for survives a crash of the database. */
export async function createStaging(tx: Queryable, importId: number, columns: readonly string[]): Promise<void> {
  await tx.query({
    text: `create table ${stagingTable(importId)} (line bigint not null, ${columns.map((c) => `${c} text`).join(', ')})`,
  })
}

export function copyIntoStaging(
  tx: Connection,
  importId: number,
  columns: string[],
  records: AsyncIterable<Buffer>,
): Promise<void> {
  return tx.copyFrom(`copy ${stagingTable(importId)} (line, ${columns.join(', ')}) from stdin (format csv)`, records)
}

/** Records that never reach the staging table. */
export async function insertRejected(db: Queryable, importId: number, rejected: Rejected[]): Promise<void> {
  await db.query({
    name: 'imports/insert-rejected',
    text: `insert into import_errors (import_id, line, value, code, message)
           select $1, * from unnest($2::bigint[], $3::text[], $4::text[], $5::text[])`,
    values: [
      importId,
      rejected.map((r) => r.line),
      rejected.map((r) => r.raw.slice(0, 200)),
      rejected.map((r) => r.code),
      rejected.map((r) => r.message),
    ],
  })
}

export async function finishReceiving(
  tx: Queryable,
  importId: number,
  file: { bytes: number; rows: number; sha256: Uint8Array },
): Promise<ImportRow> {
  await tx.query({ text: `create index on ${stagingTable(importId)} using brin (line) with (pages_per_range = 16)` })
  await tx.query({ text: `analyze ${stagingTable(importId)}` })
  const { rows } = await tx.query<ImportRow>({
    text: `update imports i set state = 'checking', bytes = $2, rows = $3, sha256 = $4,
                  last_line = coalesce((select max(line) from ${stagingTable(importId)}), 0)
            where id = $1 returning ${IMPORT_COLUMNS}`,
    values: [importId, file.bytes, file.rows, file.sha256],
  })
  return rows[0] as ImportRow
}

/** Forgets an import whose file was refused: as if it had never been sent. */
export async function deleteImport(db: Queryable, importId: number): Promise<void> {
  await db.query({ text: `delete from imports where id = $1 and state = 'receiving'`, values: [importId] })
}

/** Imports whose upload died with its process. */
export async function failInterrupted(db: Queryable): Promise<number> {
  const { rowCount } = await db.query({
    text: `update imports set state = 'failed', finished_at = now(), failure_code = 'UPLOAD_INTERRUPTED',
                  failure = 'The upload ended before the whole file had arrived. Nothing was imported.'
            where id in (select id from imports where state = 'receiving' and created_at < now() - interval '10 seconds'
                            for no key update skip locked)`,
  })
  return rowCount ?? 0
}

export async function findImport(db: Queryable, actor: Actor, id: string | number): Promise<ImportRow | undefined> {
  const { rows } = await db.query<ImportRow>({
    name: 'imports/find',
    text: `select ${IMPORT_COLUMNS} from imports i where i.id = $2 and ${VISIBLE}`,
    values: [actor.id, id],
  })
  return rows[0]
}

export async function listImports(
  db: Queryable,
  actor: Actor,
  page: { beforeId: string; limit: number },
): Promise<ImportRow[]> {
  const { rows } = await db.query<ImportRow>({
    name: 'imports/list',
    text: `select ${IMPORT_COLUMNS} from imports i where i.id < $2 and ${VISIBLE} order by i.id desc limit $3`,
    values: [actor.id, page.beforeId, page.limit],
  })
  return rows
}

export async function listErrors(
  db: Queryable,
  actor: Actor,
  importId: string | number,
  page: { after: [line: string, column: string]; limit: number },
): Promise<ImportErrorRow[]> {
  const { rows } = await db.query<ImportErrorRow>({
    name: 'imports/list-errors',
    text: `select line, column_name, value, code, message from import_errors
            where import_id = $2 and ${VISIBLE} and (line, column_name) > ($3::bigint, $4) order by line, column_name limit $5`,
    values: [actor.id, importId, ...page.after, page.limit],
  })
  return rows
}
