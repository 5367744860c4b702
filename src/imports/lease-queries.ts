import type { Queryable } from '../platform/db.ts'
import { type ImportRow, type ImportState, stagingTable } from './queries.ts'

/**
 * Only the worker that took an import last may write for it, and only while nobody has cancelled it. No lock says so while
 * it works: each of its transactions ends with an update that finds the import as it was, or undoes the transaction.
 */

/** The import was cancelled, or another worker has taken it. Nothing of the transaction happened, and nothing is left to do. */
export class LeaseLost extends Error {}

/** What a worker reads of an import, beside what is shown of it. */
export interface LeasedRow extends ImportRow {
  undone_task: number
  undo_deletion: string | null
}

/** Takes the import for this worker; undefined when there is nothing left to do. */
export async function takeLease(
  db: Queryable,
  importId: number,
  states: readonly ImportState[],
): Promise<LeasedRow | undefined> {
  const { rows } = await db.query<LeasedRow>({
    name: 'imports/take-lease',
    text: `update imports set lease = lease + 1 where id = $1 and state = any($2) returning *`,
    values: [importId, states],
  })
  return rows[0]
}

/**
 * The last statement of a worker's transaction.
 *
 * @param change what it sets, with `values` from $4 on
 * @param position for a stretch: the column that holds where the stretch before ended, and that place
 * @throws LeaseLost
 */
export async function fence(
  tx: Queryable,
  row: LeasedRow,
  state: ImportState,
  change: { set: string; values?: unknown[]; position?: ['merged_line' | 'undone_task', number] },
): Promise<ImportRow> {
  const values = [row.id, row.lease, state, ...(change.values ?? [])]
  const here = change.position ? `and ${change.position[0]} = $${values.push(change.position[1])}` : ''
  const { rows } = await tx.query<ImportRow>({
    text: `update imports set ${change.set} where id = $1 and lease = $2 and state = $3 ${here} returning *`,
    values,
  })
  if (!rows[0]) throw new LeaseLost(`import ${row.id} is ${state} no more, or was taken by another worker`)
  return rows[0]
}

/** Held by a stretch until its transaction ends, so that the one after it can wait where PostgreSQL sees it. */
export async function takePlace(tx: Queryable, row: LeasedRow, line: number): Promise<void> {
  await tx.query({
    name: 'imports/take-place',
    text: 'select pg_advisory_xact_lock(hashtextextended($1, 0))',
    values: [placeOf(row, line)],
  })
}

/** Waits for a stretch that is being written; returns at once when it is not, or not yet. */
export async function awaitPlace(tx: Queryable, row: LeasedRow, line: number): Promise<void> {
  await tx.query({
    name: 'imports/await-place',
    // Let go at once: a stretch that is run again takes its place once more.
    text: `select pg_advisory_lock_shared(key), pg_advisory_unlock_shared(key) from hashtextextended($1, 0) key`,
    values: [placeOf(row, line)],
  })
}

/** With the lease: a worker that was thought dead and sleeps holds its own places only. */
const placeOf = (row: LeasedRow, line: number) => `tasklog import ${row.id}, lease ${row.lease}, line ${line}`

export async function failImport(tx: Queryable, row: LeasedRow, state: ImportState, code: string, reason: string) {
  await fence(tx, row, state, {
    set: `state = 'failed', finished_at = now(), failure_code = $4, failure = $5`,
    values: [code, reason],
  })
  await dropStaging(tx, row.id)
}

export async function dropStaging(tx: Queryable, importId: number): Promise<void> {
  await tx.query({ text: `drop table if exists ${stagingTable(importId)}` })
}
