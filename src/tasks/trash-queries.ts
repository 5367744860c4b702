import type { Actor } from '../auth/index.ts'
import type { Queryable } from '../platform/db.ts'
import { actorKind, taskPredicate } from '../projects/index.ts'
import { changeableSql, keyTaken, MOMENT, nextVersion, type TaskText } from './queries.ts'
import { instantSql, TASK_FIELDS, TASK_JSON, TASK_PEOPLE } from './task-json.ts'

export interface TrashPageRequest {
  projectId?: number
  deletionId?: string
  /** deleted_at (with microseconds) and id of the last task of the page before. */
  after?: [deletedAt: string, id: string]
  limit: number
}

export interface TrashedTask {
  id: number
  /** deleted_at with microseconds, for the cursor. */
  position: string
  json: string
}

/** What the last write of a task in the trash was: its deletion. */
const DELETION_FIELDS = `'deleted_at', ${instantSql('t.deleted_at')}, 'deleted_by', deleter.username,
  'deletion_id', t.deletion_id`

/** A page of the trash, latest deletion first. Each combination of filters is a statement with a plan of its own. */
export async function listTrash(db: Queryable, actor: Actor, request: TrashPageRequest): Promise<TrashedTask[]> {
  const { projectId, deletionId, after, limit } = request
  const values: unknown[] = [actor.id]
  const bind = (value: unknown) => `$${values.push(value)}`
  const conditions = ['t.deleted_at is not null', taskPredicate(actor, 'read', 't')]
  if (projectId !== undefined) conditions.push(`t.project_id = ${bind(projectId)}`)
  if (deletionId !== undefined) conditions.push(`t.deletion_id = ${bind(deletionId)}::uuid`)
  if (after) conditions.push(`(t.deleted_at, t.id) < (${bind(after[0])}::timestamptz, ${bind(after[1])}::bigint)`)
  const parts = [projectId && 'project', deletionId && 'deletion', after && 'after'].filter(Boolean)
  const { rows } = await db.query<TrashedTask>({
    name: `tasks/list-trash/${[actorKind(actor), ...parts].join('/')}`,
    text: `select t.id, to_char(t.deleted_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as position,
                  json_build_object(${TASK_FIELDS}, ${DELETION_FIELDS})::text as json
             from (select t.* from tasks t where ${conditions.join(' and ')}
                    order by t.deleted_at desc, t.id desc limit ${bind(limit)}) t
             ${TASK_PEOPLE} left join users deleter on deleter.id = t.changed_by
            order by t.deleted_at desc, t.id desc`,
    values,
  })
  return rows
}

const RESTORED = 'deleted_at = null, deletion_id = null'

/** None when the task is not in the trash, or the actor may not change it. */
export async function restoreTask(db: Queryable, actor: Actor, id: string): Promise<TaskText | undefined> {
  const { rows } = await db.query<TaskText>({
    name: `tasks/restore/${actorKind(actor)}`,
    text: `with t as (
             update tasks t set ${RESTORED}, ${nextVersion()}
              where t.id = $2 and t.deleted_at is not null and ${taskPredicate(actor, 'change', 't')}
             returning *)
           select t.id, t.version, ${TASK_JSON} as json from t ${TASK_PEOPLE}`,
    values: [actor.id, id],
  })
  return rows[0]
}

/** Why nothing was restored; undefined when there is no such task for the actor. */
export async function explainRestoreRefusal(db: Queryable, actor: Actor, id: string) {
  const { rows } = await db.query<{ archived: boolean; changeable: boolean; deleted: boolean }>({
    name: `tasks/explain-restore-refusal/${actorKind(actor)}`,
    text: `select t.deleted_at is not null as deleted, ${changeableSql(actor)}
             from tasks t join projects p on p.id = t.project_id
            where t.id = $2 and ${taskPredicate(actor, 'read', 't')}`,
    values: [actor.id, id],
  })
  return rows[0]
}

/** A living task of the project has the key this one had. */
const KEY_TAKEN = keyTaken('t.project_id', 't.external_id', 't.id')

/**
 * Restores what one request deleted, but for what the actor may not change and whose external_id is taken. Rows are
 * locked in the order of their ids, as every statement over many tasks does.
 */
export async function restoreDeletion(db: Queryable, actor: Actor, deletionId: string) {
  const { rows } = await db.query<{ id: number; version: number }>({
    name: `tasks/restore-deletion/${actorKind(actor)}`,
    text: `with mine as materialized (
             select t.id from tasks t
              where t.deletion_id = $2::uuid and t.deleted_at is not null and ${taskPredicate(actor, 'change', 't')}
              order by t.id for no key update),
           ${MOMENT},
           t as (
             update tasks t set ${RESTORED}, ${nextVersion('moment.at')}
               from mine, moment where t.id = mine.id and not ${KEY_TAKEN}
             returning t.id, t.version)
           select id, version from t order by id`,
    values: [actor.id, deletionId],
  })
  return rows
}

/** What of a deletion is still in the trash and readable, and why. */
export async function explainDeletionLeft(db: Queryable, actor: Actor, deletionId: string) {
  const { rows } = await db.query<{
    id: number
    external_id: string | null
    archived: boolean
    changeable: boolean
    key_taken: boolean
  }>({
    name: `tasks/explain-deletion-left/${actorKind(actor)}`,
    text: `select t.id, t.external_id, ${KEY_TAKEN} as key_taken, ${changeableSql(actor)}
             from tasks t join projects p on p.id = t.project_id
            where t.deletion_id = $2::uuid and t.deleted_at is not null and ${taskPredicate(actor, 'read', 't')}
            order by t.id`,
    values: [actor.id, deletionId],
  })
  return rows
}

/** Ends up to `limit` tasks that have been in the trash for longer; their history stays. @returns how many */
export async function purgeTasks(db: Queryable, days: number, limit: number): Promise<number> {
  const { rowCount } = await db.query({
    name: 'tasks/purge',
    text: `with expired as materialized (
             select id from tasks where deleted_at < now() - make_interval(days => $1)
              order by deleted_at limit $2 for update skip locked)
           delete from tasks t using expired where t.id = expired.id`,
    values: [days, limit],
  })
  return rowCount ?? 0
}
