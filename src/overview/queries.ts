import type { Actor } from '../auth/index.ts'
import type { Queryable } from '../platform/db.ts'
import { actorKind, readScope, taskPredicate } from '../projects/index.ts'

/** What is still to be done. */
const OPEN = `('pending', 'active', 'inactive')`

/**
 * What is counted: the states that there were at the end of a day, as if nothing had changed since; or what has changed
 * since, where a state that has ended counts less than nothing. Together they are the present; `both` adds them up in one statement.
 */
export type Side = 'until' | 'since' | 'both'

export interface Scope {
  actor: Actor
  projectId?: number
  /** The last day that belongs to `until`, YYYY-MM-DD; it ends at midnight in `timeZone`. */
  until: string
  timeZone: string
}

/** What a side was counted of: two that differ in it do not fit together. */
export interface Counted {
  seen: string
}

/** `$1` and `$2` of each statement; END is when the day `$3` ends in time zone `$4`. */
const valuesOf = ({ actor, projectId, until, timeZone }: Scope) => [actor.id, projectId ?? null, until, timeZone]
/** When a day begins. As a statement of its own, for it is not to be made out anew for each of a million rows. */
const midnight = (day: string) => `(select (${day})::timestamp at time zone $4)`
const END = midnight('$3::date + 1')

/** The past and the asker's rights as the statement sees them. Not of `data_version`, which no replica can read. */
const seenBy = `(select e::text || ' ' || ${readScope('u')} from past_epoch e, users u where u.id = $1)`

/** The rows of `t` that count. */
const counted = ({ actor, projectId }: Scope) =>
  `t.deleted_at is null and ${taskPredicate(actor, 'read', 't')}
   and ${projectId === undefined ? '$2::bigint is null' : 't.project_id = $2::bigint'}`

const nameOf = (what: string, side: Side, { actor, projectId }: Scope) =>
  `overview/${what}/${side}/${actorKind(actor)}/${projectId === undefined ? 'all' : 'project'}`

/** Rows that began before END, which are nearly all: put so that no index can be taken for them. */
const BEGAN_UNTIL = `coalesce(t.valid_from < ${END}, true)`
/** Present rows that began after it. As a range, of which the planner expects few, so that it looks for them in an index. */
const BEGAN_SINCE = `t.valid_from >= ${END} and t.valid_from < 'infinity'`

const select = (side: Side, sides: Record<'until' | 'since', string[]>) =>
  (side === 'both' ? [...sides.until, ...sides.since] : sides[side]).join(' union all ')

export interface PresentCounts extends Counted {
  kinds: [status: string, priority: string, isDue: boolean, n: number][]
  /** Of open tasks; null is nobody. */
  people: [username: string | null, isDue: boolean, n: number][]
}

/**
 * How many tasks there are of each kind and of each person: one pass over the tasks, or over those that changed since.
 *
 * @param overdueTo the last day that is over, YYYY-MM-DD
 * @returns JSON of PresentCounts
 */
export async function countPresent(db: Queryable, scope: Scope, side: Side, overdueTo: string): Promise<string> {
  const states = (n: number, table: string, condition: string) =>
    `select status, priority, assigned_user_id, due_date, ${n} as n from ${table} t where ${counted(scope)} and ${condition}`
  const wereInForce = `t.valid_from < ${END} and t.valid_to >= ${END}`
  const { rows } = await db.query<{ json: string }>({
    name: nameOf('present', side, scope),
    text: `with counts as materialized (
             select status, priority, assigned_user_id, coalesce(due_date <= $5::date, false) as is_due, sum(n) as n
               from (${select(side, {
                 until: [states(1, 'tasks', BEGAN_UNTIL), states(1, 'task_versions', wereInForce)],
                 since: [states(1, 'tasks', BEGAN_SINCE), states(-1, 'task_versions', wereInForce)],
               })}) s group by 1, 2, 3, 4)
           select json_build_object(
                    'seen', ${seenBy},
                    'kinds', (select coalesce(json_agg(json_build_array(status, priority, is_due, n)), '[]')
                                from (select status, priority, is_due, sum(n) as n from counts group by 1, 2, 3) k),
                    'people', (select coalesce(json_agg(json_build_array(u.username, is_due, n)), '[]')
                                 from (select assigned_user_id, is_due, sum(n) as n
                                         from counts where status in ${OPEN} group by 1, 2) p
                                 left join users u on u.id = p.assigned_user_id))::text as json`,
    values: [...valuesOf(scope), overdueTo],
  })
  return rows[0]?.json ?? ''
}

export interface PeriodsCounts extends Counted {
  periods: [open: number, created: number, completed: number][]
}

/** Days that follow each other, and periods made of them. */
export interface Calendar {
  /** The first day, then the last one of each stretch that is not divided; all YYYY-MM-DD. */
  begin: string
  ends: string[]
  /** The first and the last stretch of each period, counted from 1. */
  periods: [first: number, last: number][]
}

/**
 * Counts at the end of each of some periods, in one pass over the states: the present ones, and those that were superseded
 * after the first period's end. A state holds from `first` to `last`, numbers of stretches; it adds to `open` there, and
 * takes itself off after it. So the work does not grow with the number of periods, nor with that of their kinds.
 *
 * BOUNDS are the beginning of the first stretch and the end of each; `width_bucket` counts how many of them a time has
 * reached, which is the number of the stretch it lies in, and of the first at whose end a state that began then holds.
 *
 * @returns JSON of PeriodsCounts
 */
export async function countPeriods(db: Queryable, scope: Scope, side: Side, calendar: Calendar): Promise<string> {
  const BEGIN = midnight('$5::date')
  const FIRST_END = midnight('($6::date[])[1] + 1')
  const LAST = 'cardinality($6::date[])'
  // Most are from before all that is asked for, which one comparison tells.
  const stretch = (time: string) =>
    `case when ${time} < ${BEGIN} then 0 else width_bucket(${time}, (select array_agg(at order by i) from bounds)) end`
  const states = (table: string, condition: string, { first = stretch('t.valid_from'), last = LAST, n = '1' } = {}) =>
    `select t.status in ${OPEN} as is_open, greatest(${first}, 1) as first, ${last} as last, ${n} as n,
            ${stretch('t.created_at')} as created,
            case when t.status = 'completed' then ${stretch('t.updated_at')} end as completed
       from ${table} t where ${counted(scope)} and ${condition}`
  const mayCount = `(t.status in ${OPEN} or t.created_at >= ${BEGIN} or t.updated_at >= ${BEGIN})`
  const lastOf = `${stretch('t.valid_to')} - 1`
  const wasInForce = `t.valid_from < ${END}`
  const happened = (what: 'created' | 'completed') =>
    `select i, sum(n) as n from alike a join stretches s on s.stretch = a.${what}
      where s.ends between a.first and a.last group by i`
  const { rows } = await db.query<{ json: string }>({
    name: nameOf('periods', side, scope),
    text: `with bounds as materialized (
             select 0 as i, ${BEGIN} as at
             union all select i, ${midnight('day + 1')} from unnest($6::date[]) with ordinality d (day, i)),
           states as (${select(side, {
             until: [
               states('tasks', `${BEGAN_UNTIL} and ${mayCount}`),
               states('task_versions', `${BEGAN_UNTIL} and t.valid_to >= least(${FIRST_END}, ${END})`, {
                 last: `case when t.valid_to >= ${END} then ${LAST} else ${lastOf} end`,
               }),
             ],
             since: [
               states('tasks', BEGAN_SINCE),
               states('task_versions', `t.valid_to >= ${END}`, {
                 first: `case when ${wasInForce} then ${stretch('t.valid_to')} else ${stretch('t.valid_from')} end`,
                 last: `case when ${wasInForce} then ${LAST} else ${lastOf} end`,
                 n: `case when ${wasInForce} then -1 else 1 end`,
               }),
             ],
           })}),
           alike as (
             select first, last, is_open, created, completed, sum(n) as n
               from states group by 1, 2, 3, 4, 5),
           periods as (select * from unnest($7::int[], $8::int[]) with ordinality p (begins, ends, i)),
           stretches as (select i, ends, stretch from periods, generate_series(begins, ends) stretch),
           open as (
             select ends, sum(sum(n)) over (order by ends) as n
               from (select first as ends, n from alike where is_open
                     union all select last + 1, -n from alike where is_open
                     union all select ends, 0 from periods) moves group by ends),
           created as (${happened('created')}),
           completed as (${happened('completed')})
           select json_build_object(
                    'seen', ${seenBy},
                    'periods', (select json_agg(json_build_array(o.n, coalesce(c.n, 0), coalesce(f.n, 0)) order by i)
                                  from periods p join open o using (ends)
                                  left join created c using (i) left join completed f using (i)))::text as json`,
    values: [
      ...valuesOf(scope),
      calendar.begin,
      calendar.ends,
      calendar.periods.map(([first]) => first),
      calendar.periods.map(([, last]) => last),
    ],
  })
  return rows[0]?.json ?? ''
}
