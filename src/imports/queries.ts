import type { Actor } from '../auth/index.ts'
import type { Connection, Queryable } from '../platform/db.ts'
import { actorKind, projectPredicate } from '../projects/index.ts'
import type { ImportColumn } from './columns.ts'
import type { Rejected } from './csv-file.ts'

export type OnError = 'skip' | 'abort'

export const IMPORT_STATES = [
  'receiving',
  'checking',
  'ready',
  'merging',
  'done',
  'failed',
  'cancelled',
  'undoing',
  'undone',
] as const
export type ImportState = (typeof IMPORT_STATES)[number]

/** A difference that a dry run found between a row of the file and the task it would update. */
export interface SampleDiff {
  line: number
  external_id: string
  task_id: number
  changes: Record<string, { from: unknown; to: unknown }>
}

export interface ImportRow {
  id: number
  project_id: number
  created_by: number
  file_name: string | null
  state: ImportState
  dry_run: boolean
  on_error: OnError
  columns: ImportColumn[]
  delimiter: string
  samples: SampleDiff[] | null
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
  merging_at: Date | null
  committed_at: Date | null
  committed_by: number | null
  finished_at: Date | null
  undone_removed: number
  undone_restored: number
  undone_left: number
  undone_by: number | null
  undone_at: Date | null
  /** Since when what it did row by row is not kept any more. */
  details_removed_at: Date | null
}

export interface ImportErrorRow {
  line: number
  column_name: string
  value: string | null
  code: string
  message: string
}

export const IMPORT_COLUMNS = `i.id, i.project_id, i.created_by, i.file_name, i.state, i.dry_run, i.on_error, i.columns,
  i.delimiter, i.samples, i.bytes, i.rows, i.created, i.updated, i.unchanged, i.rejected, i.last_line, i.merged_line,
  i.lease, i.failure_code, i.failure, i.created_at, i.merging_at, i.committed_at, i.committed_by, i.finished_at,
  i.undone_removed, i.undone_restored, i.undone_left, i.undone_by, i.undone_at, i.details_removed_at`

/** Whose doing it is that rows become tasks: a dry run may be committed by somebody else than who uploaded it. */
export const mergedBy = (row: ImportRow) => row.committed_by ?? row.created_by

/** Its name is made of digits only. */
export const stagingTable = (importId: number) => `import_staging.import_${Number(importId)}`

/** Imports are for administrators, and for maintainers those into their projects. */
const visible = (actor: Actor) => projectPredicate(actor, 'manage', 'i.project_id')

/** Whether the actor may import there, and nothing else: asked before a byte of the file is read. */
export async function findTarget(
  db: Queryable,
  actor: Actor,
  projectId: string | null,
): Promise<{ id: number; allowed: boolean; archived: boolean } | undefined> {
  const { rows } = await db.query<{ id: number; allowed: boolean; archived: boolean }>({
    name: `imports/find-target/${actorKind(actor)}`,
    text: `select p.id, ${projectPredicate(actor, 'manage', 'p.id')} as allowed, p.archived_at is not null as archived
             from projects p
            where p.id = coalesce($2::bigint, (select id from projects where is_default))
              and ${projectPredicate(actor, 'read', 'p.id')}`,
    values: [actor.id, projectId],
  })
  return rows[0]
}

export interface NewImport {
  projectId: number
  fileName: string | null
  dryRun: boolean
  onError: OnError
}

export async function insertImport(
  db: Queryable,
  actor: Actor,
  { projectId, fileName, dryRun, onError }: NewImport,
): Promise<number | undefined> {
  const { rows } = await db.query<{ id: number }>({
    name: `imports/insert/${actorKind(actor)}`,
    text: `insert into imports (project_id, created_by, file_name, dry_run, on_error)
           select p.id, $1, $3, $4, $5 from projects p
            where p.id = $2 and p.archived_at is null and ${projectPredicate(actor, 'manage', 'p.id')}
           returning id`,
    values: [actor.id, projectId, fileName, dryRun, onError],
  })
  return rows[0]?.id
}

/** One text column for each column of the file. Logged, so that what was answered for survives a crash of the database. */
export async function createStaging(tx: Queryable, importId: number, columns: number): Promise<void> {
  await tx.query({
    text: `create table ${stagingTable(importId)} (line bigint not null, ${cells(columns).join(' text, ')} text)`,
  })
}

export function copyIntoStaging(
  tx: Connection,
  importId: number,
  file: { columns: number; delimiter: string },
  records: AsyncIterable<Buffer>,
): Promise<void> {
  const into = `${stagingTable(importId)} (line, ${cells(file.columns).join(', ')})`
  return tx.copyFrom(`copy ${into} from stdin (format csv, delimiter e'${copyDelimiter(file.delimiter)}')`, records)
}

/** So that a stretch of lines reads its part of the table alone; they stand in their order. */
export async function indexStaging(tx: Queryable, importId: number): Promise<void> {
  await tx.query({ text: `create index on ${stagingTable(importId)} using brin (line) with (pages_per_range = 16)` })
}

const cells = (count: number) => Array.from({ length: count }, (_, i) => `c${i + 1}`)

/** One of the four that a file may have; nothing else reaches the statement. */
function copyDelimiter(delimiter: string): string {
  return delimiter === '\t' ? '\\t' : delimiter === ';' || delimiter === '|' ? delimiter : ','
}

/** Records that never reach the staging table: why, and the record itself, to be given back. */
export async function insertRejected(db: Queryable, importId: number, rejected: Rejected[]): Promise<void> {
  await db.query({
    name: 'imports/insert-rejected',
    text: `with given as (select * from unnest($2::bigint[], $3::text[], $4::text[], $5::text[]) g (line, record, code, message)),
                kept as (insert into import_rejects (import_id, line, record) select $1, line, record from given)
           insert into import_errors (import_id, line, value, code, message)
           select $1, line, left(record, 200), code, message from given`,
    values: [
      importId,
      rejected.map((r) => r.line),
      rejected.map((r) => r.raw),
      rejected.map((r) => r.code),
      rejected.map((r) => r.message),
    ],
  })
}

export interface ReceivedFile {
  bytes: number
  rows: number
  sha256: Uint8Array
  columns: ImportColumn[]
  delimiter: string
  /** Of a workbook. */
  sheet: string | undefined
}

/** None when the import was cancelled while its file arrived. */
export async function finishReceiving(
  tx: Queryable,
  importId: number,
  file: ReceivedFile,
): Promise<ImportRow | undefined> {
  await tx.query({ text: `analyze ${stagingTable(importId)}` })
  const { rows } = await tx.query<ImportRow>({
    text: `update imports i set state = 'checking', bytes = $2, rows = $3, sha256 = $4, columns = $5, delimiter = $6, sheet = $7,
                  last_line = coalesce((select max(line) from ${stagingTable(importId)}), 0)
            where id = $1 and state = 'receiving' returning ${IMPORT_COLUMNS}`,
    values: [
      ...[importId, file.bytes, file.rows, file.sha256, JSON.stringify(file.columns), file.delimiter],
      file.sheet,
    ],
  })
  return rows[0]
}

/** Forgets an import whose file was refused: as if it had never been sent. */
export async function deleteImport(db: Queryable, importId: number): Promise<void> {
  await db.query({ text: `delete from imports where id = $1 and state = 'receiving'`, values: [importId] })
}

export async function findImport(db: Queryable, actor: Actor, id: string | number): Promise<ImportRow | undefined> {
  const { rows } = await db.query<ImportRow>({
    name: `imports/find/${actorKind(actor)}`,
    text: `select ${IMPORT_COLUMNS} from imports i where i.id = $2 and ${visible(actor)}`,
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
    name: `imports/list/${actorKind(actor)}`,
    text: `select ${IMPORT_COLUMNS} from imports i where i.id < $2 and ${visible(actor)} order by i.id desc limit $3`,
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
    name: `imports/list-errors/${actorKind(actor)}`,
    text: `select e.line, e.column_name, e.value, e.code, e.message
             from import_errors e join imports i on i.id = e.import_id
            where e.import_id = $2 and ${visible(actor)} and (e.line, e.column_name) > ($3::bigint, $4)
            order by e.line, e.column_name limit $5`,
    values: [actor.id, importId, ...page.after, page.limit],
  })
  return rows
}

export interface RejectRow {
  line: number
  record: string
  error: string
  /** Only the beginning of the record is kept. */
  is_cut: boolean
}

/** The next rejected records after `line`, each with what is wrong with it. */
export async function listRejects(
  db: Queryable,
  actor: Actor,
  importId: string | number,
  page: { afterLine: number; limit: number },
): Promise<RejectRow[]> {
  const { rows } = await db.query<RejectRow>({
    name: `imports/list-rejects/${actorKind(actor)}`,
    text: `select r.line, r.record, e.error, e.is_cut
             from import_rejects r join imports i on i.id = r.import_id, lateral (
               select string_agg(concat(nullif(e.column_name, '') || ' ', e.message, ' (', e.code, ')'), '; ' order by e.column_name) as error,
                      bool_or(e.code = 'RECORD_TOO_LONG') as is_cut
                 from import_errors e where e.import_id = r.import_id and e.line = r.line) e
            where r.import_id = $2 and ${visible(actor)} and r.line > $3 order by r.line limit $4`,
    values: [actor.id, importId, page.afterLine, page.limit],
  })
  return rows
}
