import type { Actor } from '../auth/index.ts'
import type { Queryable } from '../platform/db.ts'
import { actorKind, taskPredicate } from '../projects/index.ts'
import { STATE_COLUMNS, TASK_FIELDS, TASK_PEOPLE } from '../tasks/index.ts'

/** The log of a day: the state of every task at its end. */
export interface LogRequest {
  /** YYYY-MM-DD; the day ends at midnight in `timeZone`. */
  day: string
  timeZone: string
  /** True when that day has not ended: the log is then the state now. */
  isToday: boolean
  offset: number
  limit: number
}

/** The end of day $2 in time zone $3. */
const END = '(($2::date + 1)::timestamp at time zone $3)'

/**
 * What was in force at the end of a past day: present states that began before it, and superseded states whose period
 * holds it. `created_at` says the same less exactly; it lets both walks start at that day in their index. A day that has
 * not ended has no superseded states and needs no times.
 */
function statesAt(actor: Actor, isToday: boolean): { current: string; superseded: string | undefined } {
  const existed = (t: string) => `${t}.deleted_at is null and ${taskPredicate(actor, 'read', t)}`
  if (isToday) return { current: existed('t'), superseded: undefined }
  const began = (t: string) => `${existed(t)} and ${t}.created_at < ${END} and ${t}.valid_from < ${END}`
  return { current: began('t'), superseded: `${began('v')} and v.valid_to >= ${END}` }
}

const statementName = (what: string, actor: Actor, isToday: boolean) =>
  `history/${what}/${actorKind(actor)}/${isToday ? 'today' : 'past'}`

/** Entries of the log, newest task first, as JSON texts. */
export async function listLog(db: Queryable, actor: Actor, request: LogRequest): Promise<string[]> {
  const { current, superseded } = statesAt(actor, request.isToday)
  const order = 'created_at desc, id desc'
  const walks = [
    `(select ${STATE_COLUMNS} from tasks t where ${current} order by ${order} limit $4::bigint + $5::bigint)`,
  ]
  if (superseded) {
    walks.push(`(select task_id as ${STATE_COLUMNS} from task_versions v where ${superseded}
                  order by created_at desc, task_id desc limit $4::bigint + $5::bigint)`)
  }
  const { rows } = await db.query<{ json: string }>({
    name: statementName('list-log', actor, request.isToday),
    text: `select json_build_object(${TASK_FIELDS}, 'logged_date', $2::date)::text as json
             from (select * from (${walks.join(' union all ')}) states order by ${order} offset $4 limit $5) t
             ${TASK_PEOPLE} where $3::text is not null order by t.created_at desc, t.id desc`,
    values: [actor.id, request.day, request.timeZone, request.offset, request.limit],
  })
  return rows.map((row) => row.json)
}

/** How many tasks the log of the day holds. */
export async function countLog(db: Queryable, actor: Actor, request: LogRequest): Promise<number> {
  const { current, superseded } = statesAt(actor, request.isToday)
  const counts = [`(select count(*) from tasks t where ${current})`]
  if (superseded) counts.push(`(select count(*) from task_versions v where ${superseded})`)
  const { rows } = await db.query<{ total: number }>({
    name: statementName('count-log', actor, request.isToday),
    text: `select ${counts.join(' + ')} as total`,
    values: request.isToday ? [actor.id] : [actor.id, request.day, request.timeZone],
  })
  return rows[0]?.total ?? 0
}
