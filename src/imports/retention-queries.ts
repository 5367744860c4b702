import type { Queryable } from '../platform/db.ts'

/** What an import did row by row. */
export const DETAILS = ['import_errors', 'import_rejects', 'import_updates', 'import_left'] as const

/** Says of imports that came to rest so long ago that their details are gone; from here on nobody is shown a part of them. */
export async function giveUpDetails(db: Queryable, days: number): Promise<number> {
  const { rowCount } = await db.query({
    text: `update imports set details_removed_at = now()
            where details_removed_at is null and state in ('done', 'failed', 'cancelled', 'undone')
              and greatest(created_at, finished_at, undone_at) < now() - make_interval(days => $1)`,
    values: [days],
  })
  return rowCount ?? 0
}

/** Removes some rows of a table that were given up, perhaps by a worker that was killed then. */
export async function removeDetails(db: Queryable, table: (typeof DETAILS)[number], limit: number): Promise<number> {
  const { rowCount } = await db.query({
    text: `delete from ${table} where ctid = any (array(
             select d.place from imports i, lateral (select ctid as place from ${table} where import_id = i.id limit $1) d
              where i.details_removed_at is not null limit $1))`,
    values: [limit],
  })
  return rowCount ?? 0
}
