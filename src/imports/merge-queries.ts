import { setTimeout as sleep } from 'node:timers/promises'
import type { Queryable } from '../platform/db.ts'
import { sqlState, UNIQUE_VIOLATION } from '../platform/sql-state.ts'
import {
  findKeysByIndex,
  type ImportedField,
  type ImportedRows,
  insertImportedTasks,
  type MergedTasks,
  mergeImportedTasks,
} from '../tasks/index.ts'
import { acceptedRows, type Lines, updatedFields } from './cells-queries.ts'
import { awaitPlace, dropStaging, fence, type LeasedRow, takePlace } from './lease-queries.ts'
import { mergedBy } from './queries.ts'

/** Somebody wrote a task with a key of the stretch while it was merged. Run again, it finds that task. */
export class MeantimeChanged extends Error {}

/** The stretch before is run again. This one gives up its rows, which may be what was in the way, and is run again too. */
export class BeforeRunsAgain extends Error {}

/** A stretch that is being written, for the one after it. */
export interface UnderWay {
  /** The line it begins after. */
  line: number
  /** How often it has been begun. */
  attempts: number
  merged: Promise<void>
}

/**
 * Turns the good rows of one stretch of lines into tasks and notes how far it came, in the same transaction: a stretch
 * happens once, whatever is killed when.
 *
 * @param before the stretch before this one, if it is still under way
 * @throws LeaseLost, MeantimeChanged, BeforeRunsAgain
 */
export async function mergeStretch(
  tx: Queryable,
  row: LeasedRow,
  toLine: number,
  timeZone: string,
  before?: UnderWay,
): Promise<void> {
  await takePlace(tx, row, row.merged_line)
  const keyed = row.columns.some(({ field }) => field === 'external_id')
  const given = rowsOf(row, { after: row.merged_line, to: toLine }, timeZone)
  const { created, updated, unchanged } = keyed
    ? await mergeKeyed(tx, given, updatedFields(row.columns))
    : { created: await insertImportedTasks(tx, given), updated: [], unchanged: 0 }
  if (updated.length > 0) await noteUpdates(tx, row.id, updated)
  if (before) await itsTurn(tx, row, before)
  await fence(tx, row, 'merging', {
    set: `merged_line = $4, created = created + $5, updated = updated + $6, unchanged = unchanged + $7`,
    values: [toLine, created, updated.length, unchanged],
    position: ['merged_line', row.merged_line],
  })
}

/**
 * Not by `on conflict do update`: that sees the row to be inserted, not that its cell for the status was empty, and locks in
 * the order of the file.
 */
async function mergeKeyed(tx: Queryable, given: ImportedRows, fields: readonly ImportedField[]): Promise<MergedTasks> {
  await findKeysByIndex(tx)
  const merged = await mergeImportedTasks(tx, given, fields).catch((error) => {
    throw sqlState(error) === UNIQUE_VIOLATION ? new MeantimeChanged() : error
  })
  const { rows, created, updated, unchanged } = merged
  if (created + updated.length + unchanged !== rows) throw new MeantimeChanged()
  return merged
}

/**
 * Waits in the database while it can: rows of this stretch may be what another transaction waits for that is in the way of
 * the stretch before. Only PostgreSQL sees such a circle, and ends it.
 *
 * @throws BeforeRunsAgain, or what the stretch before failed with
 */
async function itsTurn(tx: Queryable, row: LeasedRow, before: UnderWay): Promise<void> {
  const attempt = Math.max(before.attempts, 1)
  const isOver = before.merged.then(() => true)
  isOver.catch(() => {}) // thrown by the race, unless the wait itself fails first
  do {
    await awaitPlace(tx, row, before.line)
    if (before.attempts > attempt) throw new BeforeRunsAgain()
  } while (!(await Promise.race([isOver, sleep(20, false)])))
}

/** The rows of some lines, as src/tasks takes them. */
export function rowsOf(row: LeasedRow, lines: Lines, timeZone: string): ImportedRows {
  const values: unknown[] = [mergedBy(row)]
  const text = acceptedRows(row, timeZone, lines, (value) => `$${values.push(value)}`)
  return { text, values }
}

/** A task may have come twice: it was given another key of the file meanwhile. */
async function noteUpdates(tx: Queryable, importId: number, updated: { id: number; version: number }[]) {
  await tx.query({
    name: 'imports/note-updates',
    text: `insert into import_updates (import_id, task_id, version)
           select $1, * from unnest($2::bigint[], $3::integer[])
           on conflict (import_id, task_id) do update set version = excluded.version`,
    values: [importId, updated.map(({ id }) => id), updated.map(({ version }) => version)],
  })
}

/** The table's own check holds the books: rows = created + updated + unchanged + rejected, or it does not end. */
export async function finishImport(tx: Queryable, row: LeasedRow) {
  const done = await fence(tx, row, 'merging', {
    set: `state = 'done', finished_at = now()`,
    position: ['merged_line', row.last_line],
  })
  await dropStaging(tx, row.id)
  return done
}
