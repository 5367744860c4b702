import type { Actor } from '../auth/index.ts'
import type { Queryable } from '../platform/db.ts'
import { actorKind, projectPredicate, taskPredicate } from '../projects/index.ts'
import { TASK_JSON, TASK_PEOPLE } from './task-json.ts'

/** A task as JSON text ready to be sent, and what the answer's headers need. */
export interface TaskText {
  id: number
  version: number
  json: string
}

export interface TaskFields {
  title?: string
  description?: string
  status?: string
  priority?: string
  labels?: string[]
  due_date?: string | null
  assigned_user?: string | null
  external_id?: string | null
  project_id?: number
}

/** The assignee named in `$n ->> 'assigned_user'`, if they may be given tasks of this project. */
const assigneeId = (changes: string, project: string) => `
  (select u.id from users u
    where lower(u.username) = lower(${changes} ->> 'assigned_user') and u.disabled_at is null
      and (u.role = 'admin' or exists (select from project_members m where m.user_id = u.id and m.project_id = ${project})))`

const labelsOf = (changes: string) => `array(select jsonb_array_elements_text(${changes} -> 'labels'))`

/** One row when it was made; none when the project, the actor's role or the assignee does not allow it. */
export async function insertTask(db: Queryable, actor: Actor, fields: TaskFields): Promise<TaskText | undefined> {
  const { rows } = await db.query<TaskText>({
    name: `tasks/insert/${actorKind(actor)}`,
    text: `with t as (
             insert into tasks (project_id, title, description, status, priority, labels, due_date, assigned_user_id,
                                created_by, external_id, created_at, updated_at, valid_from, changed_by)
             select p.id, f ->> 'title', coalesce(f ->> 'description', ''), coalesce(f ->> 'status', 'pending'),
                    coalesce(f ->> 'priority', 'MEDIUM'),
                    case when f ? 'labels' then ${labelsOf('f')} else '{}' end,
                    (f ->> 'due_date')::date, a.id, $1, f ->> 'external_id', now_.at, now_.at, now_.at, $1
               from projects p,
                    lateral (select $2::jsonb as f) given,
                    lateral (select ${assigneeId('f', 'p.id')} as id) a,
                    lateral (select clock_timestamp() as at) now_
              where p.id = coalesce((f ->> 'project_id')::bigint, (select id from projects where is_default))
                and ${projectPredicate(actor, 'create', 'p.id')}
                and (f ->> 'assigned_user' is null or a.id is not null)
             returning *)
           select t.id, t.version, ${TASK_JSON} as json from t ${TASK_PEOPLE}`,
    values: [actor.id, JSON.stringify(fields)],
  })
  return rows[0]
}

export async function findTask(db: Queryable, actor: Actor, id: string): Promise<TaskText | undefined> {
  const { rows } = await db.query<TaskText>({
    name: `tasks/find/${actorKind(actor)}`,
    text: `select t.id, t.version, ${TASK_JSON} as json from tasks t ${TASK_PEOPLE}
            where t.id = $2 and t.deleted_at is null and ${taskPredicate(actor, 'read', 't')}`,
    values: [actor.id, id],
  })
  return rows[0]
}

/** Column and its next value, from the members present in `$4`; a member left out keeps the row's value. */
const PATCHABLE: [column: string, value: string][] = [
  ['project_id', `case when $4::jsonb ? 'project_id' then ($4::jsonb ->> 'project_id')::bigint else t.project_id end`],
  ['title', `case when $4::jsonb ? 'title' then $4::jsonb ->> 'title' else t.title end`],
  ['description', `case when $4::jsonb ? 'description' then $4::jsonb ->> 'description' else t.description end`],
  ['status', `case when $4::jsonb ? 'status' then $4::jsonb ->> 'status' else t.status end`],
  ['priority', `case when $4::jsonb ? 'priority' then $4::jsonb ->> 'priority' else t.priority end`],
  ['labels', `case when $4::jsonb ? 'labels' then ${labelsOf('$4::jsonb')} else t.labels end`],
  ['due_date', `case when $4::jsonb ? 'due_date' then ($4::jsonb ->> 'due_date')::date else t.due_date end`],
  ['external_id', `case when $4::jsonb ? 'external_id' then $4::jsonb ->> 'external_id' else t.external_id end`],
  [
    'assigned_user_id',
    `case when $4::jsonb ? 'assigned_user'
          then ${assigneeId('$4::jsonb', `coalesce(($4::jsonb ->> 'project_id')::bigint, t.project_id)`)} else t.assigned_user_id end`,
  ],
]

/** Every write moves these; the history trigger refuses one that does not. */
const NEXT_VERSION = `version = t.version + 1, updated_at = clock_timestamp(), changed_by = $1, cause = 'api',
  valid_from = greatest(clock_timestamp(), t.valid_from + interval '1 microsecond')`

const expectedVersion = '($3::integer is null or t.version = $3)'

/**
 * Changes the given members. None is returned when the policy, the version, the assignee or the target project does not
 * allow it, and when nothing would change: then no version is made.
 *
 * The row's own columns stand in the expressions (no row read earlier), so two concurrent changes of different members both hold.
 */
export async function updateTask(
  db: Queryable,
  actor: Actor,
  id: string,
  changes: TaskFields,
  version: number | null,
): Promise<TaskText | undefined> {
  const { rows } = await db.query<TaskText>({
    name: `tasks/update/${actorKind(actor)}`,
    text: `with t as (
             update tasks t set ${PATCHABLE.map(([column, value]) => `${column} = ${value}`).join(', ')}, ${NEXT_VERSION}
              where t.id = $2 and t.deleted_at is null and ${expectedVersion} and ${taskPredicate(actor, 'change', 't')}
                and ($4::jsonb ->> 'project_id' is null or ${projectPredicate(actor, 'create', "($4::jsonb ->> 'project_id')::bigint")})
                and ($4::jsonb ->> 'assigned_user' is null
                     or ${assigneeId('$4::jsonb', `coalesce(($4::jsonb ->> 'project_id')::bigint, t.project_id)`)} is not null)
                and (${PATCHABLE.map(([column]) => `t.${column}`).join(', ')})
                    is distinct from (${PATCHABLE.map(([, value]) => value).join(', ')})
             returning *)
           select t.id, t.version, ${TASK_JSON} as json from t ${TASK_PEOPLE}`,
    values: [actor.id, id, version, JSON.stringify(changes)],
  })
  return rows[0]
}

export async function softDeleteTask(
  db: Queryable,
  actor: Actor,
  id: string,
  version: number | null,
): Promise<boolean> {
  const { rowCount } = await db.query({
    name: `tasks/soft-delete/${actorKind(actor)}`,
    text: `update tasks t set deleted_at = clock_timestamp(), ${NEXT_VERSION}
            where t.id = $2 and t.deleted_at is null and ${expectedVersion} and ${taskPredicate(actor, 'change', 't')}`,
    values: [actor.id, id, version],
  })
  return rowCount === 1
}

/** Why a write found no row: what the actor may see of the task, and what stands in the way. */
export async function explainRefusal(db: Queryable, actor: Actor, id: string, target: TaskFields) {
  const { rows } = await db.query<
    TaskText & {
      changeable: boolean
      archived: boolean
      assignee_ok: boolean
      target_visible: boolean
      target_ok: boolean
    }
  >({
    name: `tasks/explain-refusal/${actorKind(actor)}`,
    text: `select t.id, t.version, ${TASK_JSON} as json, p.archived_at is not null as archived,
                  coalesce(${taskPredicate(actor, 'change', 't')}, false) as changeable,
                  target.id is not null as target_visible,
                  coalesce(${projectPredicate(actor, 'create', 'target.id')}, false) as target_ok,
                  $3::jsonb ->> 'assigned_user' is null or ${assigneeId('$3::jsonb', 'target.id')} is not null as assignee_ok
             from tasks t ${TASK_PEOPLE} join projects p on p.id = t.project_id
             left join projects target on target.id = coalesce(($3::jsonb ->> 'project_id')::bigint, t.project_id)
                                      and ${projectPredicate(actor, 'read', 'target.id')}
            where t.id = $2 and t.deleted_at is null and ${taskPredicate(actor, 'read', 't')}`,
    values: [actor.id, id, JSON.stringify(target)],
  })
  return rows[0]
}

/** What stands in the way of creating a task: undefined when the project is hidden or was never there. */
export async function explainCreateRefusal(db: Queryable, actor: Actor, projectId: number | null) {
  const { rows } = await db.query<{ archived: boolean; creatable: boolean }>({
    name: `tasks/explain-create-refusal/${actorKind(actor)}`,
    text: `select p.archived_at is not null as archived, ${projectPredicate(actor, 'create', 'p.id')} as creatable
             from projects p
            where p.id = coalesce($2, (select id from projects where is_default))
              and ${projectPredicate(actor, 'read', 'p.id')}`,
    values: [actor.id, projectId],
  })
  return rows[0]
}
