import type { Actor } from '../auth/index.ts'
import type { Queryable } from '../platform/db.ts'
import { actorKind, taskPredicate } from '../projects/index.ts'

/** What is still to be done. */
const OPEN = `('pending', 'active', 'inactive')`
const MOST_ASSIGNEES = 50

/** The rows of `t` that count; `$2` is the project asked for. */
const counted = (actor: Actor, projectId: number | undefined) =>
  `t.deleted_at is null and ${taskPredicate(actor, 'read', 't')}
   and ${projectId === undefined ? '$2::bigint is null' : 't.project_id = $2::bigint'}`

const nameOf = (what: string, actor: Actor, projectId: number | undefined) =>
  `overview/${what}/${actorKind(actor)}/${projectId === undefined ? 'all' : 'project'}`

/**
 * The present in one pass over the tasks: what they have in common is counted first, everything else adds that up.
 *
 * @param overdueTo the last day that is over, YYYY-MM-DD
 * @returns JSON
 */
export async function countPresent(
  db: Queryable,
  actor: Actor,
  overdueTo: string,
  projectId?: number,
): Promise<string> {
  const { rows } = await db.query<{ json: string }>({
    name: nameOf('present', actor, projectId),
    text: `with counts as materialized (
             select status, priority, assigned_user_id, status in ${OPEN} as is_open,
                    status in ${OPEN} and coalesce(due_date <= $3::date, false) as is_late, count(*) as n
               from tasks t where ${counted(actor, projectId)} group by 1, 2, 3, 4, 5),
           people as (
             select u.username, sum(n) as open, coalesce(sum(n) filter (where is_late), 0) as overdue
               from counts c left join users u on u.id = c.assigned_user_id where is_open
              group by c.assigned_user_id, u.username order by 2 desc, 1 nulls first limit ${MOST_ASSIGNEES})
           select json_build_object(
                    'tasks', coalesce(sum(n), 0),
                    'open', coalesce(sum(n) filter (where is_open), 0),
                    'overdue', coalesce(sum(n) filter (where is_late), 0),
                    'overdue_to', $3::date,
                    'by_status', (select coalesce(json_object_agg(status, n), '{}')
                                    from (select status, sum(n) as n from counts group by 1) s),
                    'by_priority', (select coalesce(json_object_agg(priority, n), '{}')
                                      from (select priority, sum(n) as n from counts where is_open group by 1) p),
                    'by_assignee', (select coalesce(json_agg(json_build_object(
                                      'assigned_user', username, 'open', open, 'overdue', overdue)), '[]')
                                      from people))::text as json
             from counts`,
    values: [actor.id, projectId ?? null, overdueTo],
  })
  return rows[0]?.json ?? ''
}

export interface PeriodCounts {
  open: number
  created: number
  completed: number
}

/**
 * Counts at the end of each of some periods that follow each other, in one pass over the states: the present ones, and those
 * that were superseded after the first period's end. A state holds from `first` to `last`, numbers of periods; it adds to
 * `open` there, and takes itself off after it. So the work does not grow with the number of periods.
 *
 * BOUNDS are the beginning of the first period and the end of each; `width_bucket` counts how many of them a time has
 * reached, which is the number of the period it lies in, and of the first at whose end a state that began then holds.
 *
 * @param days the first day of all, then the last one of each period; each ends at midnight in `timeZone`
 */
export async function countPeriods(
  db: Queryable,
  actor: Actor,
  days: [begin: string, ...ends: string[]],
  timeZone: string,
  projectId?: number,
): Promise<PeriodCounts[]> {
  const [begin, ...ends] = days
  const bound = (day: string) => `((${day})::timestamp at time zone $5)`
  const BOUNDS = '(select array_agg(at order by i) from bounds)'
  const period = (column: string) => `width_bucket(${column}, ${BOUNDS})`
  const state = `t.status in ${OPEN} as is_open,
                 greatest(${period('t.valid_from')}, 1) as first, ${period('t.created_at')} as created,
                 case when t.status = 'completed' then ${period('t.updated_at')} end as completed`
  const { rows } = await db.query<PeriodCounts>({
    name: nameOf('periods', actor, projectId),
    text: `with bounds as materialized (
             select 0 as i, ${bound('$3::date')} as at
             union all select i, ${bound('day + 1')} from unnest($4::date[]) with ordinality d (day, i)),
           states as (
             select ${state}, cardinality($4::date[]) as last
               from tasks t
              where ${counted(actor, projectId)}
                and (t.status in ${OPEN} or t.created_at >= ${bound('$3::date')} or t.updated_at >= ${bound('$3::date')})
             union all
             select ${state}, ${period('t.valid_to')} - 1
               from task_versions t
              where ${counted(actor, projectId)} and t.valid_to >= ${bound('($4::date[])[1] + 1')}
                and t.valid_from < ${bound('($4::date[])[cardinality($4::date[])] + 1')}),
           alike as (
             select first, last, is_open, case when created between first and last then created end as created,
                    case when completed between first and last then completed end as completed, count(*) as n
               from states where first <= last group by 1, 2, 3, 4, 5),
           moves as (
             select first as i, n as open, 0 as created, 0 as completed from alike where is_open
             union all select last + 1, -n, 0, 0 from alike where is_open
             union all select created, 0, n, 0 from alike where created is not null
             union all select completed, 0, 0, n from alike where completed is not null
             union all select i, 0, 0, 0 from bounds)
           select open, created, completed
             from (select i, sum(sum(open)) over (order by i)::bigint as open, sum(created)::bigint as created,
                          sum(completed)::bigint as completed from moves group by i) p
            where i between 1 and cardinality($4::date[]) order by i`,
    values: [actor.id, projectId ?? null, begin, ends, timeZone],
  })
  return rows
}
