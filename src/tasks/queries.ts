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

/**
 * The assignee named in `$n ->> 'assigned_user'`, if they may be given tasks of this project. Who is assigned already may
 * stay: a client that sends back all it read changes nothing.
 */
const assigneeId = (changes: string, project: string, present = 'null') => `
  (select u.id from users u
    where lower(u.username) = lower(${changes} ->> 'assigned_user')
      and (u.id = ${present} or u.disabled_at is null and (u.role = 'admin'
           or exists (select from project_members m where m.user_id = u.id and m.project_id = ${project}))))`

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

/** The assignee a change names, in the project the task will be in. */
const nextAssigneeId = (changes: string) =>
  assigneeId(changes, `coalesce((${changes} ->> 'project_id')::bigint, t.project_id)`, 't.assigned_user_id')

/** What of a task can be changed: column, and its next value if `changes` has the member. */
const PATCHABLE: [column: string, value: (changes: string) => string][] = [
  ['project_id', (c) => `(${c} ->> 'project_id')::bigint`],
  ['title', (c) => `${c} ->> 'title'`],
  ['description', (c) => `${c} ->> 'description'`],
  ['status', (c) => `${c} ->> 'status'`],
  ['priority', (c) => `${c} ->> 'priority'`],
  ['labels', (c) => labelsOf(c)],
  ['due_date', (c) => `(${c} ->> 'due_date')::date`],
  ['external_id', (c) => `${c} ->> 'external_id'`],
  ['assigned_user_id', (c) => nextAssigneeId(c)],
]

/** The next values; a member left out keeps the row's value. */
function nextValues(changes: string): string[] {
  return PATCHABLE.map(([column, value]) => {
    const member = column === 'assigned_user_id' ? 'assigned_user' : column
    return `case when ${changes} ? '${member}' then ${value(changes)} else t.${column} end`
  })
}

const presentValues = PATCHABLE.map(([column]) => `t.${column}`).join(', ')

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
  const next = nextValues('$4::jsonb')
  const { rows } = await db.query<TaskText>({
    name: `tasks/update/${actorKind(actor)}`,
    text: `with t as (
             update tasks t set ${PATCHABLE.map(([column], i) => `${column} = ${next[i]}`).join(', ')}, ${NEXT_VERSION}
              where t.id = $2 and t.deleted_at is null and ${expectedVersion} and ${taskPredicate(actor, 'change', 't')}
                and ($4::jsonb ->> 'project_id' is null
                     or ${projectPredicate(actor, 'create', "($4::jsonb ->> 'project_id')::bigint")})
                and ($4::jsonb ->> 'assigned_user' is null or ${nextAssigneeId('$4::jsonb')} is not null)
                and (${presentValues}) is distinct from (${next.join(', ')})
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
export async function explainRefusal(db: Queryable, actor: Actor, id: string, changes: TaskFields) {
  const { rows } = await db.query<
    TaskText & {
      changeable: boolean
      archived: boolean
      assignee_ok: boolean
      target_visible: boolean
      target_archived: boolean
      target_ok: boolean
      /** Nothing was in the way but that there is nothing to do. */
      unchanged: boolean
    }
  >({
    name: `tasks/explain-refusal/${actorKind(actor)}`,
    text: `select t.id, t.version, ${TASK_JSON} as json, p.archived_at is not null as archived,
                  coalesce(${taskPredicate(actor, 'change', 't')}, false) as changeable,
                  target.id is not null as target_visible, target.archived_at is not null as target_archived,
                  coalesce(${projectPredicate(actor, 'create', 'target.id')}, false) as target_ok,
                  $3::jsonb ->> 'assigned_user' is null or ${nextAssigneeId('$3::jsonb')} is not null as assignee_ok,
                  (${presentValues}) is not distinct from (${nextValues('$3::jsonb').join(', ')}) as unchanged
             from tasks t ${TASK_PEOPLE} join projects p on p.id = t.project_id
             left join projects target on target.id = coalesce(($3::jsonb ->> 'project_id')::bigint, t.project_id)
                                      and ${projectPredicate(actor, 'read', 'target.id')}
            where t.id = $2 and t.deleted_at is null and ${taskPredicate(actor, 'read', 't')}`,
    values: [actor.id, id, JSON.stringify(changes)],
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
