import type { Actor } from '../auth/index.ts'
import type { Queryable } from '../platform/db.ts'
import { actorKind, taskPredicate } from '../projects/index.ts'
import type { Written } from './bulk-change-queries.ts'
import * as queries from './queries.ts'
import { AS_CHANGE } from './revert-queries.ts'
import { TASK_PEOPLE } from './task-json.ts'

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
  select t.task_id as id, t.project_id, t.external_id, t.deleted_at is not null as deleted, ${AS_CHANGE}::jsonb as fields
    from (select v.* from task_versions v
           where v.task_id = ${row}.id and v.version = ${row}.version - 1 and v.valid_to = ${row}.valid_from limit 1) t
         ${TASK_PEOPLE}
   where ${taskPredicate(actor, 'read', 't')}`

/** Another living task has the external_id that the state `e` brings back into its project. */
const KEY_TAKEN = `exists (
  select from tasks o where o.project_id = e.project_id and o.external_id = e.external_id and o.id <> e.id
                        and o.deleted_at is null)`

/**
 * Gives each task the state before the version given, if that is still the present one, as a new version of it; all in one
 * statement and at one moment. A deleted task comes back. Of tasks that would bring the same external_id into a project the
 * first one gets it.
 */
export async function undoVersions(db: Queryable, actor: Actor, changed: Written[]): Promise<Written[]> {
  const c = 'free.fields'
  const { rows } = await db.query<Written>({
    name: `tasks/undo-versions/${actorKind(actor)}`,
    text: `with mine as materialized (
             select t.id, t.version, t.valid_from from ${GIVEN} join tasks t using (id, version)
              where ${taskPredicate(actor, 'change', 't')}
              order by t.id for no key update of t),
           ${queries.MOMENT},
           before as materialized (select e.* from mine, lateral (${stateBefore(actor, 'mine')}) e where not e.deleted),
           free as (
             select e.id, e.fields
               from (select *, row_number() over (partition by project_id, external_id order by id) as turn
                       from before) e
              where e.external_id is null or e.turn = 1 and not ${KEY_TAKEN}),
           t as (
             update tasks t set ${queries.assignments(c)}, deleted_at = null, deletion_id = null,
                                ${queries.nextVersion('moment.at', 'revert')}
               from free, moment
              where t.id = free.id and ${queries.targetAllowed(actor, c)} and ${queries.assigneeAllowed(c)}
             returning t.id, t.version)
           select id, version from t order by id`,
    values: valuesOf(actor, changed),
  })
  return rows
}

export interface NotUndone extends queries.Obstacles {
  id: number
  /** The present one. */
  version: number
  /** Of the state before; null when that is not known, or was where the actor may not read. */
  deleted: boolean | null
  fields: queries.TaskFields | null
  key_taken: boolean
}

/** Of tasks that were not undone: what the actor may read of them, and what stands in the way. */
export async function explainNotUndone(db: Queryable, actor: Actor, changed: Written[]): Promise<NotUndone[]> {
  const { columns, joins } = queries.obstaclesSql(actor, 'e.fields')
  const { rows } = await db.query<NotUndone>({
    name: `tasks/explain-not-undone/${actorKind(actor)}`,
    text: `select t.id, t.version, e.deleted, e.fields, ${columns},
                  e.external_id is not null and ${KEY_TAKEN} as key_taken
             from ${GIVEN} join tasks t on t.id = given.id
             left join lateral (${stateBefore(actor, 't')}) e on true ${joins}
            where ${taskPredicate(actor, 'read', 't')}`,
    values: valuesOf(actor, changed),
  })
  return rows
}
