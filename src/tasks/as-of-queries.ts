import type { Actor } from '../auth/index.ts'
import type { Queryable } from '../platform/db.ts'
import { actorKind, taskPredicate } from '../projects/index.ts'
import { type AsOf, endOf } from './as-of.ts'
import type { TaskText } from './queries.ts'
import { TASK_JSON, TASK_PEOPLE } from './task-json.ts'

/** What a task and its superseded states have in common; a state's `task_id as` these makes it look like a task. */
export const STATE_COLUMNS = `id, project_id, title, description, status, priority, labels, due_date, assigned_user_id,
  created_by, external_id, import_id, created_at, updated_at, version`

/** Where states stand: the present ones in one table, the superseded ones in another. Rows are called `t`. */
export interface StateSource {
  table: 'tasks' | 'task_versions'
  /** The name of the task's id there. */
  id: 'id' | 'task_id'
  /** Its columns, as STATE_COLUMNS names them. */
  columns: string
  conditions: string[]
  /** That the state had begun at the time asked for. */
  begun: string | undefined
}

/** @param end SQL of where the states end that are meant; undefined for the present ones */
export function stateSources(end: string | undefined): StateSource[] {
  const begun = end && `t.valid_from < ${end}`
  const present = ['t.deleted_at is null']
  const tasks: StateSource = { table: 'tasks', id: 'id', columns: STATE_COLUMNS, conditions: present, begun }
  if (end === undefined) return [tasks]
  const conditions = [...present, `t.valid_to >= ${end}`]
  return [tasks, { table: 'task_versions', id: 'task_id', columns: `task_id as ${STATE_COLUMNS}`, conditions, begun }]
}

/** One task as it was; none when it did not exist then, was deleted, or was where the actor may not read now. */
export async function findTaskAsOf(
  db: Queryable,
  actor: Actor,
  id: string,
  at: AsOf,
  timeZone: string,
): Promise<TaskText | undefined> {
  const values: unknown[] = [actor.id, id]
  const end = endOf(at, timeZone, (value) => `$${values.push(value)}`)
  const held = (t: string) =>
    `${t}.valid_from < ${end} and ${t}.deleted_at is null and ${taskPredicate(actor, 'read', t)}`
  const { rows } = await db.query<TaskText>({
    name: `tasks/find-as-of/${actorKind(actor)}/${Object.keys(at)[0]}`,
    text: `select t.id, t.version, ${TASK_JSON} as json
             from (select ${STATE_COLUMNS} from tasks t where t.id = $2 and ${held('t')}
                   union all
                   select task_id as ${STATE_COLUMNS} from task_versions v
                    where v.task_id = $2 and v.valid_to >= ${end} and ${held('v')}) t
             ${TASK_PEOPLE}`,
    values,
  })
  return rows[0]
}

/** Where the kept history begins, if that is later than what is asked for. */
export async function findLostHistory(db: Queryable, at: AsOf, timeZone: string): Promise<string | undefined> {
  const values: unknown[] = []
  const end = endOf(at, timeZone, (value) => `$${values.push(value)}`)
  const { rows } = await db.query<{ kept_from: string }>({
    name: `tasks/find-lost-history/${Object.keys(at)[0]}`,
    text: `select to_char(history_kept_from at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as kept_from
             from past_epoch where history_kept_from > ${end}`,
    values,
  })
  return rows[0]?.kept_from
}
