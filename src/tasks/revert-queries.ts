import type { Actor } from '../auth/index.ts'
import type { Queryable } from '../platform/db.ts'
import { actorKind, taskPredicate } from '../projects/index.ts'
import * as queries from './queries.ts'
import { TASK_JSON, TASK_PEOPLE } from './task-json.ts'

export interface EarlierState {
  /** As a change that would make them so. */
  fields: queries.TaskFields
  deleted: boolean
}

/** A version the actor may see; what is superseded never changes, so it may be read before the write. */
export async function findVersion(db: Queryable, actor: Actor, id: string, version: number) {
  const columns = `version, project_id, title, description, status, priority, labels, due_date, assigned_user_id,
                   created_by, external_id, deleted_at`
  const { rows } = await db.query<EarlierState>({
    name: `tasks/find-version/${actorKind(actor)}`,
    text: `select json_build_object(
                    'title', t.title, 'description', t.description, 'status', t.status, 'priority', t.priority,
                    'labels', t.labels, 'due_date', t.due_date, 'assigned_user', assignee.username,
                    'external_id', t.external_id, 'project_id', t.project_id) as fields,
                  t.deleted_at is not null as deleted
             from (select ${columns} from tasks where id = $2
                   union all select ${columns} from task_versions where task_id = $2 and version = $3) t
             ${TASK_PEOPLE}
            where t.version = $3 and ${taskPredicate(actor, 'read', 't')}`,
    values: [actor.id, id, version],
  })
  return rows[0]
}

/** As updateTask, for a deleted task as well: what it becomes is alive. */
export async function revertTo(
  db: Queryable,
  actor: Actor,
  id: string,
  fields: queries.TaskFields,
  version: number | null,
): Promise<queries.TaskText | undefined> {
  const c = '$4::jsonb'
  const { rows } = await db.query<queries.TaskText>({
    name: `tasks/revert/${actorKind(actor)}`,
    text: `with t as (
             update tasks t set ${queries.assignments(c)}, deleted_at = null, deletion_id = null,
                                ${queries.nextVersion('clock_timestamp()', 'revert')}
              where t.id = $2 and ($3::integer is null or t.version = $3) and ${taskPredicate(actor, 'change', 't')}
                and ${queries.targetAllowed(actor, c)} and ${queries.assigneeAllowed(c)}
                and not (t.deleted_at is null and ${queries.isUnchanged(c)})
             returning *)
           select t.id, t.version, ${TASK_JSON} as json from t ${TASK_PEOPLE}`,
    values: [actor.id, id, version, JSON.stringify(fields)],
  })
  return rows[0]
}

/** Why revertTo found no row: as explainRefusal, for a deleted task as well. */
export async function explainRevertRefusal(db: Queryable, actor: Actor, id: string, fields: queries.TaskFields) {
  const { columns, joins } = queries.obstaclesSql(actor, '$3::jsonb')
  const { rows } = await db.query<queries.TaskText & queries.Obstacles & { deleted: boolean }>({
    name: `tasks/explain-revert-refusal/${actorKind(actor)}`,
    text: `select t.id, t.version, ${TASK_JSON} as json, t.deleted_at is not null as deleted, ${columns}
             from tasks t ${TASK_PEOPLE} ${joins}
            where t.id = $2 and ${taskPredicate(actor, 'read', 't')}`,
    values: [actor.id, id, JSON.stringify(fields)],
  })
  return rows[0]
}
