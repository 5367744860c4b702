import type { Queryable } from '../platform/db.ts'
import { MOMENT, nextVersion } from './queries.ts'

/** A stretch of what an import did: $1 is who undoes it, $2 the import, $3 and $4 the ids it lies between. */
export interface UndoneStretch {
  userId: number
  importId: number
  after: number
  to: number
}

const valuesOf = ({ userId, importId, after, to }: UndoneStretch) => [userId, importId, after, to]

/** Whether what was before the present version can still be told. */
export const EARLIER_IS_KEPT = `t.valid_from >= coalesce((select history_kept_from from past_epoch), '-infinity')`

/** Moves into the trash what the import created and nobody has written since. @returns how many */
export async function trashImportedTasks(tx: Queryable, stretch: UndoneStretch, deletionId: string): Promise<number> {
  const { rowCount } = await tx.query({
    text: `with mine as materialized (
             select t.id from tasks t
              where t.import_id = $2 and t.id > $3 and t.id <= $4 and t.version = 1 and t.deleted_at is null
              order by t.id for no key update),
           ${MOMENT}
           update tasks t set deleted_at = moment.at, deletion_id = $5::uuid, ${nextVersion('moment.at', 'undo')}
             from mine, moment where t.id = mine.id`,
    values: [...valuesOf(stretch), deletionId],
  })
  return rowCount ?? 0
}

/**
 * Gives tasks back the state before a version, if that is still the present one. The state before ended when the present
 * one began, which names its partition.
 *
 * @param written a SELECT of task_id and version
 * @returns how many
 */
export async function restoreImportedTasks(tx: Queryable, stretch: UndoneStretch, written: string): Promise<number> {
  const { rowCount } = await tx.query({
    text: `with mine as materialized (
             select t.id, t.version, t.valid_from
               from tasks t join (${written}) w on w.task_id = t.id and w.version = t.version
              where t.deleted_at is null and t.import_id is distinct from $2 and ${EARLIER_IS_KEPT}
              order by t.id for no key update of t),
           ${MOMENT},
           earlier as materialized (
             select e.* from mine, lateral (
               select v.* from task_versions v
                where v.task_id = mine.id and v.version = mine.version - 1 and v.valid_to = mine.valid_from limit 1) e)
           update tasks t set title = e.title, description = e.description, status = e.status, priority = e.priority,
                              labels = e.labels, due_date = e.due_date, assigned_user_id = e.assigned_user_id,
                              ${nextVersion('moment.at', 'undo')}
             from earlier e, moment where t.id = e.task_id`,
    values: valuesOf(stretch),
  })
  return rowCount ?? 0
}
