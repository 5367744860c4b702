import type { Queryable } from '../platform/db.ts'
import { insertImportedTasks, updateImportedTasks } from '../tasks/index.ts'
import { acceptedRows, type Lines, updatedFields } from './cells-queries.ts'
import { dropStaging, fence, type LeasedRow } from './lease-queries.ts'

/** Somebody wrote a task with a key of the stretch while it was merged. Run again, it finds that task. */
export class MeantimeChanged extends Error {}

/**
 * Turns the good rows of one stretch of lines into tasks and notes how far it came, in the same transaction: a stretch
 * happens once, whatever is killed when.
 *
 * First the tasks that are there are updated, then the other rows become new ones. (Not `on conflict do update`: that sees
 * the row to be inserted, not that its cell for the status was empty, and locks in the order of the file.)
 *
 * @param before the stretch before this one, if it is still under way
 * @throws LeaseLost, MeantimeChanged
 */
export async function mergeStretch(
  tx: Queryable,
  row: LeasedRow,
  toLine: number,
  timeZone: string,
  before?: Promise<void>,
): Promise<void> {
  const keyed = row.columns.some(({ field }) => field === 'external_id')
  const given = rowsOf(row, { after: row.merged_line, to: toLine }, timeZone)
  const { rows, unchanged, updated } = keyed
    ? await updateImportedTasks(tx, given, updatedFields(row.columns))
    : { rows: null, unchanged: 0, updated: [] }
  const created = await insertImportedTasks(tx, given, keyed)
  if (rows !== null && created + updated.length + unchanged !== rows) throw new MeantimeChanged()
  if (updated.length > 0) await noteUpdates(tx, row.id, updated)
  await before
  await fence(tx, row, 'merging', {
    set: `merged_line = $4, created = created + $5, updated = updated + $6, unchanged = unchanged + $7`,
    values: [toLine, created, updated.length, unchanged],
    position: ['merged_line', row.merged_line],
  })
}

/** The rows of some lines, as src/tasks takes them. */
export function rowsOf(row: LeasedRow, lines: Lines, timeZone: string) {
  const values: unknown[] = [row.created_by]
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
