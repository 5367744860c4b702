import type { Actor } from '../auth/index.ts'
import type { Queryable } from '../platform/db.ts'
import { projectPredicate } from '../projects/index.ts'
import { EARLIER_IS_KEPT, restoreImportedTasks, trashImportedTasks } from '../tasks/index.ts'
import { fence, type LeasedRow } from './lease-queries.ts'
import { IMPORT_COLUMNS, type ImportRow } from './queries.ts'

type LeftReason = 'CHANGED_SINCE' | 'DELETED_SINCE' | 'HISTORY_GONE'

export interface LeftTask {
  task_id: number
  reason: LeftReason
}

const CAN_BE_UNDONE = `i.state in ('done', 'cancelled', 'failed') and i.created + i.updated > 0
  and i.details_removed_at is null`

/** What the import `i` created, but for what its undo has trashed; `reason` is null for what an undo would trash. */
const CREATED = `select t.id as task_id, case when t.deleted_at is not null then 'DELETED_SINCE'
                                              when t.version <> 1 then 'CHANGED_SINCE' end as reason
  from tasks t
 where t.import_id = i.id and (i.undo_deletion is null or t.deletion_id is distinct from i.undo_deletion)`

/** What it updated, but for what its undo has restored. */
const UPDATED = `select w.task_id, case when t.id is null or t.deleted_at is not null then 'DELETED_SINCE'
                                        when t.version <> w.version then 'CHANGED_SINCE'
                                        when not (${EARLIER_IS_KEPT}) then 'HISTORY_GONE' end as reason
  from import_updates w left join tasks t on t.id = w.task_id
 where w.import_id = i.id and t.import_id is distinct from i.id
   and not coalesce(t.version = w.version + 1 and t.cause = 'undo', false)`

/** What an undo would do now; undefined when the import cannot be undone or the actor may not see it. */
export async function planUndo(
  db: Queryable,
  actor: Actor,
  id: string | number,
): Promise<{ removed: number; restored: number; left: number } | undefined> {
  const { rows } = await db.query<{ removed: number; restored: number; left: number }>({
    text: `select c.removed, u.restored, i.created + i.updated - c.removed - u.restored as left
             from imports i,
                  lateral (select count(*) as removed from (${CREATED}) c where c.reason is null) c,
                  lateral (select count(*) as restored from (${UPDATED}) u where u.reason is null) u
            where i.id = $2 and ${CAN_BE_UNDONE} and ${projectPredicate(actor, 'manage', 'i.project_id')}`,
    values: [actor.id, id],
  })
  return rows[0]
}

/** The tasks an undo would leave as they are or, once it has begun, those it has left, by id. What was purged is not there. */
export async function listLeft(
  db: Queryable,
  actor: Actor,
  id: string | number,
  page: { afterId: number; limit: number },
): Promise<LeftTask[]> {
  const some = (of: string) =>
    `select * from (${of}) o where task_id > $3 and reason is not null order by task_id limit $4`
  const { rows } = await db.query<LeftTask>({
    text: `select l.task_id, l.reason
             from imports i, lateral (
               (select task_id, reason from import_left
                 where import_id = i.id and i.state in ('undoing', 'undone') and task_id > $3 order by task_id limit $4)
               union all (select * from (${some(CREATED)}) c where ${CAN_BE_UNDONE})
               union all (select * from (${some(UPDATED)}) u where ${CAN_BE_UNDONE})) l
            where i.id = $2 and ${projectPredicate(actor, 'manage', 'i.project_id')}
            order by l.task_id limit $4`,
    values: [actor.id, id, page.afterId, page.limit],
  })
  return rows
}

/** Undefined when it cannot be undone, its project is archived, or the actor may not. An undo that failed goes on. */
export async function beginUndo(tx: Queryable, actor: Actor, id: string | number): Promise<ImportRow | undefined> {
  const { rows } = await tx.query<ImportRow>({
    text: `update imports i set state = 'undoing', undone_by = $1, undone_task = 0,
                  undo_deletion = coalesce(undo_deletion, gen_random_uuid())
            where i.id = $2 and ${CAN_BE_UNDONE} and ${projectPredicate(actor, 'manage', 'i.project_id')}
              and exists (select from projects p where p.id = i.project_id and p.archived_at is null)
           returning ${IMPORT_COLUMNS}`,
    values: [actor.id, id],
  })
  return rows[0]
}

/** The id of the last task of the next stretch; null when there is none. */
export async function endOfStretch(db: Queryable, row: LeasedRow, tasks: number): Promise<number | null> {
  const { rows } = await db.query<{ to: number | null }>({
    text: `select max(id) as to from (
             select id from (
               (select id from tasks where import_id = $1 and id > $2 order by id limit $3)
               union all
               (select task_id from import_updates where import_id = $1 and task_id > $2 order by task_id limit $3)) u
              order by id limit $3) n`,
    values: [row.id, row.undone_task, tasks],
  })
  return rows[0]?.to ?? null
}

/**
 * Undoes what the import did to the tasks of one stretch of ids and notes how far it came, in the same transaction.
 *
 * @throws LeaseLost
 */
export async function undoStretch(tx: Queryable, row: LeasedRow, to: number): Promise<void> {
  const stretch = { userId: row.undone_by ?? row.created_by, importId: row.id, after: row.undone_task, to }
  const removed = await trashImportedTasks(tx, stretch, row.undo_deletion ?? '')
  const restored = await restoreImportedTasks(
    tx,
    stretch,
    'select task_id, version from import_updates where import_id = $2 and task_id > $3 and task_id <= $4',
  )
  await noteLeft(tx, row, to)
  await fence(tx, row, 'undoing', {
    set: 'undone_task = $4, undone_removed = undone_removed + $5, undone_restored = undone_restored + $6',
    values: [to, removed, restored],
    position: ['undone_task', row.undone_task],
  })
}

/** After the stretch: what it did not take. A version that could have been restored and was not has no state before it. */
async function noteLeft(tx: Queryable, row: LeasedRow, to: number): Promise<void> {
  await tx.query({
    text: `insert into import_left (import_id, task_id, reason)
           select i.id, l.task_id, coalesce(l.reason, 'HISTORY_GONE')
             from imports i, lateral (
               select * from (${CREATED}) c where task_id > $2 and task_id <= $3
               union all select * from (${UPDATED}) u where task_id > $2 and task_id <= $3) l
            where i.id = $1
           on conflict (import_id, task_id) do update set reason = excluded.reason`,
    values: [row.id, row.undone_task, to],
  })
}

/** What was purged from the trash has no row any more, but is counted among what was left. */
export async function finishUndo(tx: Queryable, row: LeasedRow): Promise<ImportRow> {
  return fence(tx, row, 'undoing', {
    set: `state = 'undone', undone_at = now(), undone_left = created + updated - undone_removed - undone_restored`,
    position: ['undone_task', row.undone_task],
  })
}
