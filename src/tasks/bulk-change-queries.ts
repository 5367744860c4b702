import type { Actor } from '../auth/index.ts'
import type { Queryable } from '../platform/db.ts'
import { actorKind, taskPredicate } from '../projects/index.ts'
import {
  assigneeAllowed,
  assignments,
  isUnchanged,
  keyTaken,
  MOMENT,
  nextVersion,
  type Obstacles,
  obstaclesSql,
  type TaskFields,
  targetAllowed,
} from './queries.ts'

export interface Written {
  id: number
  version: number
}

/**
 * Tasks by their ids, of which those are meant that match. Whoever asks by a filter found the ids with it a moment ago;
 * a task that is different by now is not meant any more.
 */
export interface Selection {
  ids: number[]
  /** @returns conditions on `t`; $1 is the actor's id */
  matching?: (bind: (value: unknown) => string) => string[]
}

/** A statement over the tasks selected: `$2` are their ids, `values` follow from `$3` on. */
function statement(actor: Actor, what: string, selection: Selection, values: unknown[], text: (of: string) => string) {
  const all = [actor.id, selection.ids, ...values]
  const matching = selection.matching?.((value) => `$${all.push(value)}`) ?? []
  const selected = ['t.id = any($2::bigint[])', 't.deleted_at is null', ...matching].join(' and ')
  // With a filter there are as many statements as filters; without one there is one, which is prepared.
  const name = selection.matching ? undefined : `tasks/${what}/${actorKind(actor)}`
  return { name, text: text(selected), values: all }
}

/**
 * The tasks selected that the actor may change, locked in the order of their ids: two statements over the same tasks wait
 * for each other, and never each for the other. What is read of them is what it is once they are locked.
 */
const mine = (actor: Actor, selected: string) => `mine as materialized (
  select t.id, t.project_id, t.external_id from tasks t
   where ${selected} and ${taskPredicate(actor, 'change', 't')}
   order by t.id for no key update)`

/** For a task that moves: a living task of the other project has its external_id. */
const targetHasKey = (c: string) => keyTaken(`(${c} ->> 'project_id')::bigint`, 't.external_id', 't.id')

/**
 * Changes all the tasks given that may become what the changes say, and would differ then, in one statement. Of tasks that
 * would bring the same external_id into a project the first one moves.
 */
export async function updateTasks(
  db: Queryable,
  actor: Actor,
  selection: Selection,
  changes: TaskFields,
): Promise<Written[]> {
  const c = '$3::jsonb'
  const values = [JSON.stringify(changes)]
  const { rows } = await db.query<Written>(
    statement(
      actor,
      'update-many',
      selection,
      values,
      (selected) => `with ${mine(actor, selected)}, ${MOMENT},
           free as (
             select t.id from (select m.*, row_number() over (partition by m.external_id order by m.id) as turn
                                 from mine m where m.project_id <> (${c} ->> 'project_id')::bigint) t
              where t.external_id is null or t.turn = 1 and not ${targetHasKey(c)}
             union all
             select m.id from mine m where m.project_id = coalesce((${c} ->> 'project_id')::bigint, m.project_id)),
           t as (
             update tasks t set ${assignments(c)}, ${nextVersion('moment.at')}
               from free, moment
              where t.id = free.id and ${targetAllowed(actor, c)} and ${assigneeAllowed(c)} and not (${isUnchanged(c)})
             returning t.id, t.version)
           select id, version from t order by id`,
    ),
  )
  return rows
}

/** Moves all the tasks given into the trash that the actor may change, in one statement. */
export async function softDeleteTasks(
  db: Queryable,
  actor: Actor,
  selection: Selection,
  deletionId: string,
): Promise<Written[]> {
  const { rows } = await db.query<Written>(
    statement(
      actor,
      'soft-delete-many',
      selection,
      [deletionId],
      (selected) => `with ${mine(actor, selected)}, ${MOMENT},
           t as (
             update tasks t set deleted_at = moment.at, deletion_id = $3::uuid, ${nextVersion('moment.at')}
               from mine, moment where t.id = mine.id
             returning t.id, t.version)
           select id, version from t order by id`,
    ),
  )
  return rows
}

export interface LeftTask extends Obstacles {
  id: number
  external_id: string | null
  key_taken: boolean
}

/** Of tasks that were not written: what the actor may read of them, and what stands in the way. */
export async function explainRefusals(
  db: Queryable,
  actor: Actor,
  selection: Selection,
  changes: TaskFields,
): Promise<LeftTask[]> {
  const c = '$3::jsonb'
  const { columns, joins } = obstaclesSql(actor, c)
  const { rows } = await db.query<LeftTask>(
    statement(
      actor,
      'explain-refusals',
      selection,
      [JSON.stringify(changes)],
      (selected) => `select t.id, t.external_id, ${columns}, ${targetHasKey(c)} as key_taken
             from tasks t ${joins} where ${selected} and ${taskPredicate(actor, 'read', 't')}`,
    ),
  )
  return rows
}

/** The tasks the actor may read that match, up to `limit`. */
export async function findMatching(
  db: Queryable,
  actor: Actor,
  matching: NonNullable<Selection['matching']>,
  limit: number,
): Promise<number[]> {
  const values: unknown[] = [actor.id, limit]
  const conditions = matching((value) => `$${values.push(value)}`)
  const { rows } = await db.query<{ id: number }>({
    text: `select t.id from tasks t
            where ${['t.deleted_at is null', taskPredicate(actor, 'read', 't'), ...conditions].join(' and ')} limit $2`,
    values,
  })
  return rows.map(({ id }) => id)
}
