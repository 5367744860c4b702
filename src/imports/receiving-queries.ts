import type { Queryable } from '../platform/db.ts'
import { stagingTable } from './queries.ts'

/** Classes of advisory locks, which are this feature's own. */
const RECEIVING = 7_263_010
const SAME_FILE = 7_263_011

/**
 * Held by the transaction of an upload until it ends: an import that is `receiving` and not locked has lost its upload.
 * No lock of the row: it can be cancelled meanwhile. Nothing is asked of the transaction while a workbook arrives and its
 * texts are read; that an upload does not stand still is the HTTP server's to see.
 */
export async function lockReceiving(tx: Queryable, importId: number): Promise<void> {
  await tx.query({ text: 'set local idle_in_transaction_session_timeout = 0' })
  await tx.query({ text: `select pg_advisory_xact_lock(${RECEIVING}, $1::int)`, values: [importId] })
}

/** Imports whose upload died with its process. */
export async function failInterrupted(db: Queryable): Promise<number> {
  const { rowCount } = await db.query({
    text: `with old as materialized (
             select id from imports where state = 'receiving' and created_at < now() - interval '10 seconds'),
           lost as materialized (select id from old where pg_try_advisory_xact_lock(${RECEIVING}, id::int))
           update imports i set state = 'failed', finished_at = now(), failure_code = 'UPLOAD_INTERRUPTED',
                  failure = 'The upload ended before the whole file had arrived. Nothing was imported.'
             from lost where i.id = lost.id and i.state = 'receiving'`,
  })
  return rowCount ?? 0
}

/**
 * The latest import of the very same file (of a workbook, of the very same sheet) into the project that counts. Two uploads
 * of one file come here one after the other, the second one once the first is committed.
 *
 * @returns its id
 */
export async function findSameFile(
  tx: Queryable,
  projectId: number,
  sha256: Uint8Array,
  sheet?: string,
): Promise<number | undefined> {
  await tx.query({
    text: `select pg_advisory_xact_lock(${SAME_FILE}, hashtext($1 || ' ' || encode($2, 'hex')))`,
    values: [String(projectId), sha256],
  })
  const { rows } = await tx.query<{ id: number }>({
    name: 'imports/find-same-file',
    text: `select id from imports
            where project_id = $1 and sha256 = $2 and (sheet = $3 or sheet is null) and (not dry_run or committed_at is not null)
              and state in ('checking', 'ready', 'merging', 'done', 'undoing')
            order by id desc limit 1`,
    values: [projectId, sha256, sheet],
  })
  return rows[0]?.id
}

/** Imports that have ended and still have their staging table. */
export async function findLeftStaging(db: Queryable): Promise<number[]> {
  const { rows } = await db.query<{ id: number }>({
    text: `select t.id from (select substr(tablename, 8)::bigint as id from pg_tables
                              where schemaname = 'import_staging' and tablename ~ '^import_[0-9]{1,15}$') t
             left join imports i on i.id = t.id
            where i.state is null or i.state not in ('receiving', 'checking', 'ready', 'merging')`,
  })
  return rows.map(({ id }) => id)
}

/** Waits for a worker that has not noticed yet for a moment only. @throws with SQLSTATE 55P03 when that was too short */
export async function dropLeftStaging(tx: Queryable, importId: number): Promise<void> {
  await tx.query({ text: `set local lock_timeout = '1s'` })
  await tx.query({ text: `drop table if exists ${stagingTable(importId)}` })
}
