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
 * stay: a client that sends back all it read changes nothing. Nothing is looked up once a row: a statement may have many.
 */
const assigneeId = (changes: string, project: string, present = 'null::bigint') => {
  const named = `from users u where lower(u.username) = lower(${changes} ->> 'assigned_user')`
  return `(case when ${present} = (select u.id ${named}) then ${present}
    when ${project} = any(array(
      select m.project_id from project_members m where m.user_id = (select u.id ${named} and u.disabled_at is null)
      union all select p.id from projects p where exists (select ${named} and u.disabled_at is null and u.role = 'admin')))
    then (select u.id ${named}) end)`
}

/** The same rule for an assignee, by id, and a project that each row has of its own. */
export const mayBeAssigned = (user: string, project: string) => `exists (
  select from users u where u.id = ${user} and u.disabled_at is null
     and (u.role = 'admin' or exists (
       select from project_members m where m.user_id = u.id and m.project_id = ${project})))`

/** Whether another living task of the project than `id` has the external_id; never for null. */
export const keyTaken = (project: string, externalId: string, id: string) => `exists (
  select from tasks o where o.project_id = ${project} and o.external_id = ${externalId} and o.id <> ${id}
                        and o.deleted_at is null)`

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

/** Who asks for which task. */
export interface AskedTask {
  actor: Actor
  id: string
}

/**
 * Living tasks, each as who asks for it may see it, in one statement.
 *
 * @param asked by actors of one kind
 * @returns what was found; one that is not there, or not to be seen, is not
 */
export async function findTasks(db: Queryable, asked: AskedTask[]): Promise<Map<AskedTask | undefined, TaskText>> {
  const [first] = asked
  if (!first) return new Map()
  const { rows } = await db.query<TaskText & { place: number }>({
    name: `tasks/find/${actorKind(first.actor)}`,
    quick: true,
    text: `select asked.place::int, t.id, t.version, ${TASK_JSON} as json
             from unnest($1::bigint[], $2::bigint[]) with ordinality asked(actor, id, place)
             join tasks t on t.id = asked.id ${TASK_PEOPLE}
            where t.deleted_at is null and ${taskPredicate(first.actor, 'read', 't', 'asked.actor')}`,
    values: [asked.map(({ actor }) => actor.id), asked.map(({ id }) => id)],
  })
  return new Map(rows.map((row) => [asked[row.place - 1], row]))
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

export const PATCHABLE_COLUMNS = PATCHABLE.map(([column]) => column)

/** The next values; a member left out keeps the row's value. */
function nextValues(changes: string): string[] {
  return PATCHABLE.map(([column, value]) => {
    const member = column === 'assigned_user_id' ? 'assigned_user' : column
    return `case when ${changes} ? '${member}' then ${value(changes)} else t.${column} end`
  })
}

/** `column = next value` for every column that can be changed. */
export const assignments = (changes: string) => {
  const next = nextValues(changes)
  return PATCHABLE.map(([column], i) => `${column} = ${next[i]}`).join(', ')
}

/** Whether the changes would leave the row as it is. */
export const isUnchanged = (changes: string) =>
  `(${presentValues}) is not distinct from (${nextValues(changes).join(', ')})`

const presentValues = PATCHABLE_COLUMNS.map((column) => `t.${column}`).join(', ')

/** Every write moves these; the history triggers refuse one that does not. */
export const nextVersion = (at = 'clock_timestamp()', cause: 'api' | 'import' | 'undo' | 'revert' = 'api') =>
  `version = t.version + 1, updated_at = ${at}, changed_by = $1, cause = '${cause}',
   valid_from = greatest(${at}, t.valid_from + interval '1 microsecond')`

/**
 * For a statement over many tasks, `mine`: one moment for all, when all are locked; and that its history is recorded at once,
 * not row by row (`record_task_versions`).
 */
export const MOMENT = `moment as materialized (
  select clock_timestamp() as at, set_config('tasklog.many_rows', 'on', true) from (select count(*) from mine) locked)`

/** The change leaves the task where it is, or the actor may create tasks where it goes. */
export const targetAllowed = (actor: Actor, changes: string) =>
  `(${changes} ->> 'project_id' is null or ${projectPredicate(actor, 'create', `(${changes} ->> 'project_id')::bigint`)})`

/** The change names nobody, or somebody who may be given the task. */
export const assigneeAllowed = (changes: string) =>
  `(${changes} ->> 'assigned_user' is null or ${nextAssigneeId(changes)} is not null)`

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
  const c = '$4::jsonb'
  const { rows } = await db.query<TaskText>({
    name: `tasks/update/${actorKind(actor)}`,
    text: `with t as (
             update tasks t set ${assignments(c)}, ${nextVersion()}
              where t.id = $2 and t.deleted_at is null and ${expectedVersion} and ${taskPredicate(actor, 'change', 't')}
                and ${targetAllowed(actor, c)} and ${assigneeAllowed(c)} and not (${isUnchanged(c)})
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
    text: `update tasks t set deleted_at = clock_timestamp(), deletion_id = gen_random_uuid(), ${nextVersion()}
            where t.id = $2 and t.deleted_at is null and ${expectedVersion} and ${taskPredicate(actor, 'change', 't')}`,
    values: [actor.id, id, version],
  })
  return rowCount === 1
}

/** What stands in the way of a change of a task that the actor may read. */
export interface Obstacles {
  changeable: boolean
  archived: boolean
  assignee_ok: boolean
  target_visible: boolean
  target_archived: boolean
  target_ok: boolean
  /** Nothing was in the way but that there is nothing to do. */
  unchanged: boolean
}

/** Whether a task `t`, whose project is `p`, may be changed at all. */
export const changeableSql = (actor: Actor) =>
  `p.archived_at is not null as archived, coalesce(${taskPredicate(actor, 'change', 't')}, false) as changeable`

/** Whether it may be in that project. */
export const targetSql = (actor: Actor, project: string) => ({
  columns: `target.id is not null as target_visible, target.archived_at is not null as target_archived,
            coalesce(${projectPredicate(actor, 'create', 'target.id')}, false) as target_ok`,
  join: `left join projects target on target.id = ${project} and ${projectPredicate(actor, 'read', 'target.id')}`,
})

export function obstaclesSql(actor: Actor, c: string) {
  const target = targetSql(actor, `coalesce((${c} ->> 'project_id')::bigint, t.project_id)`)
  return {
    columns: `${changeableSql(actor)}, ${target.columns},
              ${assigneeAllowed(c)} as assignee_ok, ${isUnchanged(c)} as unchanged`,
    joins: `join projects p on p.id = t.project_id ${target.join}`,
  }
}

/** Why a write found no row: what the actor may see of the task, and what stands in the way. */
export async function explainRefusal(db: Queryable, actor: Actor, id: string, changes: TaskFields) {
  const { columns, joins } = obstaclesSql(actor, '$3::jsonb')
  const { rows } = await db.query<TaskText & Obstacles>({
    name: `tasks/explain-refusal/${actorKind(actor)}`,
    text: `select t.id, t.version, ${TASK_JSON} as json, ${columns}
             from tasks t ${TASK_PEOPLE} ${joins}
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
