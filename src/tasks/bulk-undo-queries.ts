import type { Actor } from '../auth/index.ts'
import type { Queryable } from '../platform/db.ts'
import { actorKind, projectPredicate, taskPredicate } from '../projects/index.ts'
import type { Written } from './bulk-change-queries.ts'
import {
  changeableSql,
  keyTaken,
  MOMENT,
  mayBeAssigned,
  nextVersion,
  type Obstacles,
  PATCHABLE_COLUMNS,
  targetSql,
} from './queries.ts'

/** Versions by task: $2 are the tasks' ids, $3 the version of each. */
const GIVEN = 'unnest($2::bigint[], $3::integer[]) as given(id, version)'

const valuesOf = (actor: Actor, changed: Written[]) => [
  actor.id,
  changed.map(({ id }) => id),
  changed.map(({ version }) => version),
]

/**
 * The state before the present version of `row`, if the actor may see it. It ended when the present one began, which names
 * its partition.
 */
const stateBefore = (actor: Actor, row: string) => `
  select e.* from (select v.* from task_versions v
                    where v.task_id = ${row}.id and v.version = ${row}.version - 1 and v.valid_to = ${row}.valid_from
                    limit 1) e
   where ${taskPredicate(actor, 'read', 'e')}`

/** Another living task has the external_id that the state `e` brings back into its project. */
const KEY_TAKEN = keyTaken('e.project_id', 'e.external_id', 'e.task_id')

/** As for a change of the one task: who has it may keep it, others must be there to be given it. */
const ASSIGNEE_OK = `(e.assigned_user_id is null or e.assigned_user_id is not distinct from t.assigned_user_id
  or ${mayBeAssigned('e.assigned_user_id', 'e.project_id')})`

/**
 * Gives each task the state before the version given, if that is still the present one, as a new version of it; all in one
 * statement and at one moment. A deleted task comes back. Of tasks that would bring the same external_id into a project the
 * first one gets it.
 */
export async function undoVersions(db: Queryable, actor: Actor, changed: Written[]): Promise<Written[]> {
  const { rows } = await db.query<Written>({
    name: `tasks/undo-versions/${actorKind(actor)}`,
    text: `with mine as materialized (
             select t.id, t.version, t.valid_from, t.assigned_user_id from ${GIVEN} join tasks t using (id, version)
              where ${taskPredicate(actor, 'change', 't')}
              order by t.id for no key update of t),
           ${MOMENT},
           before as materialized (
             select e.*, row_number() over (partition by e.project_id, e.external_id order by e.task_id) as turn
               from mine t, lateral (${stateBefore(actor, 't')}) e
              where e.deleted_at is null and ${projectPredicate(actor, 'create', 'e.project_id')} and ${ASSIGNEE_OK}),
           e as materialized (
             select * from before e where e.external_id is null or e.turn = 1 and not ${KEY_TAKEN}),
           t as (
             update tasks t set ${PATCHABLE_COLUMNS.map((column) => `${column} = e.${column}`).join(', ')},
                                deleted_at = null, deletion_id = null, ${nextVersion('moment.at', 'revert')}
               from e, moment where t.id = e.task_id
             returning t.id, t.version)
           select id, version from t order by id`,
    values: valuesOf(actor, changed),
  })
  return rows
}

export interface NotUndone extends Omit<Obstacles, 'unchanged'> {
  id: number
  /** The present one. */
  version: number
  /** Whether the state before is known, and was where the actor may read. */
  known: boolean
  /** That it was in the trash then. */
  deleted: boolean
  project_id: number
  assigned_user: string
  external_id: string
  key_taken: boolean
}

/** Of tasks that were not undone: what the actor may read of them, and what stands in the way. */
export async function explainNotUndone(db: Queryable, actor: Actor, changed: Written[]): Promise<NotUndone[]> {
  const target = targetSql(actor, 'e.project_id')
  const { rows } = await db.query<NotUndone>({
    name: `tasks/explain-not-undone/${actorKind(actor)}`,
    text: `select t.id, t.version, ${changeableSql(actor)},
                  e.task_id is not null as known, e.deleted_at is not null as deleted,
                  e.project_id, e.external_id, assignee.username as assigned_user, ${target.columns},
                  ${ASSIGNEE_OK} as assignee_ok, ${KEY_TAKEN} as key_taken
             from ${GIVEN} join tasks t on t.id = given.id join projects p on p.id = t.project_id
             left join lateral (${stateBefore(actor, 't')}) e on t.version = given.version
             ${target.join}
             left join users assignee on assignee.id = e.assigned_user_id
            where ${taskPredicate(actor, 'read', 't')}`,
    values: valuesOf(actor, changed),
  })
  return rows
}
