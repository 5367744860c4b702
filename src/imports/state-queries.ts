import type { Actor } from '../auth/index.ts'
import type { Queryable } from '../platform/db.ts'
import { projectPredicate } from '../projects/index.ts'
import { IMPORT_COLUMNS, type ImportRow } from './queries.ts'

/** Undefined when it is not ready, its project is archived, or the actor may not. */
export async function commitImport(tx: Queryable, actor: Actor, id: string | number): Promise<ImportRow | undefined> {
  const { rows } = await tx.query<ImportRow>({
    text: `update imports i set state = 'merging', committed_at = now(), committed_by = $1, merging_at = now(),
                  merged_line = 0, created = 0, updated = 0, unchanged = 0
            where i.id = $2 and i.state = 'ready' and ${projectPredicate(actor, 'manage', 'i.project_id')}
              and exists (select from projects p where p.id = i.project_id and p.archived_at is null)
           returning ${IMPORT_COLUMNS}`,
    values: [actor.id, id],
  })
  return rows[0]
}

/** What a dry run counted never happens; what was merged did. */
const CANCELLED = `state = 'cancelled', finished_at = now(),
  created = case when i.state = 'ready' then 0 else i.created end,
  updated = case when i.state = 'ready' then 0 else i.updated end,
  unchanged = case when i.state = 'ready' then 0 else i.unchanged end`

/** Waits for no worker: the one that merges finds out at the end of its stretch, and that does not happen then. */
export async function cancelImport(db: Queryable, actor: Actor, id: string | number): Promise<ImportRow | undefined> {
  const { rows } = await db.query<ImportRow>({
    text: `update imports i set ${CANCELLED}
            where i.id = $2 and i.state in ('receiving', 'checking', 'ready', 'merging')
              and ${projectPredicate(actor, 'manage', 'i.project_id')}
           returning ${IMPORT_COLUMNS}`,
    values: [actor.id, id],
  })
  return rows[0]
}

/** Dry runs that nobody committed in time. */
export async function cancelForgotten(db: Queryable, hours: number): Promise<number> {
  const { rowCount } = await db.query({
    text: `update imports i set ${CANCELLED}
            where i.state = 'ready' and i.created_at < now() - make_interval(hours => $1)`,
    values: [hours],
  })
  return rowCount ?? 0
}
