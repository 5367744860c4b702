import type { Actor } from '../auth/index.ts'
import type { Queryable } from '../platform/db.ts'
import { actorKind, readableProjects, taskPredicate } from '../projects/index.ts'
import { type AsOf, endOf } from './as-of.ts'
import { stateSources } from './as-of-queries.ts'
import { filterSql, type TaskFilter } from './filter-queries.ts'
import { STATUSES } from './schemas.ts'

/** How many tasks a list holds, up to `most`: no more are looked for. */
export async function countTasks(
  db: Queryable,
  actor: Actor,
  { filter, asOf, timeZone, most }: { filter: TaskFilter; asOf?: AsOf; timeZone: string; most: number },
): Promise<number> {
  const values: unknown[] = [actor.id]
  const bind = (value: unknown) => `$${values.push(value)}`
  const end = asOf && endOf(asOf, timeZone, bind)
  const wanted = [...filterSql(filter, timeZone, bind), taskPredicate(actor, 'read', 't')]
  const parts = stateSources(end).map(({ table, conditions, begun }) => {
    const where = [...conditions, ...wanted, ...(begun ? [begun] : [])].join(' and ')
    return `(select from ${table} t where ${where} limit ${most})`
  })
  const text = `select count(*) as n from (select from (${parts.join(' union all ')}) each limit ${most}) t where $1::bigint is not null`
  const { rows } = await db.query<{ n: number }>({ text, values })
  return rows[0]?.n ?? 0
}

/** Looked at for suggestions: what nobody has used for so many tasks is not suggested. */
const NEWEST = 20_000

const newestOfAll = `select labels from tasks t where deleted_at is null order by created_at desc, id desc limit ${NEWEST}`

/** As many of each status, whatever there is elsewhere: walks through the index on project and status. */
const newestOfEachProject = (actor: Actor) => `
  select t.labels
    from (select id, status, ${NEWEST} / count(*) over (partition by status) + 1 as most
            from unnest(${readableProjects(actor)}) id, unnest(array['${STATUSES.join(`', '`)}']) status) p,
         lateral (select labels from tasks t
                   where t.deleted_at is null and t.project_id = p.id and t.status = p.status
                   order by t.created_at desc, t.id desc limit p.most) t`

/** Labels of the newest tasks that begin so, the most common first. */
export async function listLabels(
  db: Queryable,
  actor: Actor,
  { beginning, limit }: { beginning: string; limit: number },
): Promise<string[]> {
  const { rows } = await db.query<{ label: string }>({
    name: `tasks/list-labels/${actorKind(actor)}`,
    text: `select label from (${actor.role === 'admin' ? newestOfAll : newestOfEachProject(actor)}) t
            cross join unnest(t.labels) label
            where $1::bigint is not null and starts_with(lower(label), lower($2))
            group by label order by count(*) desc, label limit $3`,
    values: [actor.id, beginning, limit],
  })
  return rows.map(({ label }) => label)
}
