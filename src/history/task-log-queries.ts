import type { Actor } from '../auth/index.ts'
import type { Queryable } from '../platform/db.ts'
import { actorKind, taskPredicate } from '../projects/index.ts'
import { STATE_COLUMNS, TASK_FIELDS, TASK_PEOPLE } from '../tasks/index.ts'

export interface DayOfTask {
  day: string
  json: string
}

/**
 * A day before which there was no task at all; none when there never was one. A day early, as a day can end twice where
 * clocks are set back at midnight.
 */
export async function findFirstDay(db: Queryable, timeZone: string): Promise<string | undefined> {
  const { rows } = await db.query<{ day: string | null }>({
    name: 'history/find-first-day',
    text: `select (least((select min(created_at) from tasks where deleted_at is null),
                         (select min(created_at) from task_versions where deleted_at is null)) at time zone $1)::date - 1 as day`,
    values: [timeZone],
  })
  return rows[0]?.day ?? undefined
}

export interface TaskDaysRequest {
  taskId: number
  /** The first and the last day, inclusive. */
  from: string
  to: string
  timeZone: string
  limit: number
}

/**
 * One task on each day it was there, newest first. Every state fills the days whose end lies within it; as no state
 * can put more than `limit` on the page, days are made for that many only, however long it held. A day's end is reckoned
 * by END in the condition, so the days made before it may be one too many on either side (clocks that change at midnight).
 */
export async function listDaysOfTask(db: Queryable, actor: Actor, request: TaskDaysRequest): Promise<DayOfTask[]> {
  const { taskId, from, to, timeZone, limit } = request
  const start = (day: string) => `(${day}::timestamp at time zone $5)`
  const held = (t: string) => `${t}.deleted_at is null and ${taskPredicate(actor, 'read', t)}
                               and ${t}.valid_from < ${start('($4::date + 1)')}`
  const { rows } = await db.query<DayOfTask>({
    name: `history/list-days-of-task/${actorKind(actor)}`,
    text: `with states as (
             select ${STATE_COLUMNS}, valid_from, 'infinity'::timestamptz as valid_to, $4::date as last
               from tasks t where t.id = $2 and ${held('t')}
             union all
             select task_id as ${STATE_COLUMNS}, valid_from, valid_to,
                    least($4::date, (valid_to at time zone $5)::date) as last
               from task_versions v
              where v.task_id = $2 and ${held('v')} and v.valid_to >= ${start('($3::date + 1)')}),
           days as (
             select s.*, s.last - back as day
               from states s, generate_series(0, least(
                      s.last - greatest($3::date, (s.valid_from at time zone $5)::date - 1), $6::integer + 2)) back
              where ${start('(s.last - back + 1)')} > s.valid_from and ${start('(s.last - back + 1)')} <= s.valid_to
                and ${start('(s.last - back + 1)')}
                    >= coalesce((select history_kept_from from past_epoch), '-infinity'))
           select t.day::text as day, json_build_object(${TASK_FIELDS}, 'logged_date', t.day)::text as json
             from (select * from days order by day desc limit $6) t
           ${TASK_PEOPLE} order by t.day desc`,
    values: [actor.id, taskId, from, to, timeZone, limit],
  })
  return rows
}
