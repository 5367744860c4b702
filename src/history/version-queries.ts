import type { Actor } from '../auth/index.ts'
import type { Queryable } from '../platform/db.ts'
import { actorKind, taskPredicate } from '../projects/index.ts'

/** The public fields of a task that can change: their names, and their values as JSON from a version and its assignee. */
const FIELDS: [field: string, value: (version: string, assignee: string) => string][] = [
  ['title', (v) => `to_jsonb(${v}.title)`],
  ['description', (v) => `to_jsonb(${v}.description)`],
  ['status', (v) => `to_jsonb(${v}.status)`],
  ['priority', (v) => `to_jsonb(${v}.priority)`],
  ['labels', (v) => `to_jsonb(${v}.labels)`],
  ['due_date', (v) => `to_jsonb(${v}.due_date)`],
  ['assigned_user', (_, assignee) => `to_jsonb(${assignee}.username)`],
  ['project_id', (v) => `to_jsonb(${v}.project_id)`],
  ['external_id', (v) => `to_jsonb(${v}.external_id)`],
]

const COLUMNS = `version, valid_from, project_id, title, description, status, priority, labels, due_date,
  assigned_user_id, external_id, import_id, deleted_at, changed_by, cause`

/** `s` is the version, `p` the one before. What the first version was made with has been changed from nothing. */
const CHANGES = `
  (select coalesce(json_agg(json_build_object('field', field, 'from', old, 'to', new) order by place), '[]')
     from (values ${FIELDS.map(([field, value], i) => `(${i}, '${field}', ${value('p', 'p_assignee')}, ${value('s', 's_assignee')})`).join(', ')})
          fields (place, field, old, new)
    where case when p.version is not null then old is distinct from new
               else s.version = 1 and new not in ('""', '[]') end)`

const ACTION = `
  case when s.version = 1 then 'created'
       when s.deleted_at is not null and p.deleted_at is null then 'deleted'
       when s.deleted_at is null and p.deleted_at is not null then 'restored'
       else 'changed' end`

/** With microseconds: as_of this instant is this version. */
const AT = `to_char(s.valid_from at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`

export interface ListedVersion {
  version: number
  json: string
}

/**
 * Versions of a task, newest first, each with what it changed. A version is shown when the actor may read the project it
 * was in; one whose predecessor is hidden, or no longer kept, does not tell what was before.
 */
export async function listVersions(
  db: Queryable,
  actor: Actor,
  taskId: string,
  { before, limit }: { before: number; limit: number },
): Promise<ListedVersion[]> {
  const readable = (t: string) => taskPredicate(actor, 'read', t)
  const { rows } = await db.query<ListedVersion>({
    name: `history/list-versions/${actorKind(actor)}`,
    text: `with page as (
             (select ${COLUMNS} from tasks t
               where id = $2 and version < $3 and ${readable('t')})
             union all
             (select ${COLUMNS} from task_versions v
               where task_id = $2 and version < $3 and ${readable('v')}
               order by version desc limit $4)
             order by version desc limit $4),
           predecessors as (
             select ${COLUMNS} from task_versions v
              where task_id = $2 and ${readable('v')}
                and version between (select min(version) - 1 from page) and (select max(version) - 1 from page))
           select s.version,
                  json_build_object('version', s.version, 'at', ${AT}, 'by', author.username, 'cause', s.cause,
                                    'import_id', case when s.cause = 'import' then s.import_id end,
                                    'action', ${ACTION}, 'changes', ${CHANGES})::text as json
             from page s
             left join predecessors p on p.version = s.version - 1
             left join users author on author.id = s.changed_by
             left join users s_assignee on s_assignee.id = s.assigned_user_id
             left join users p_assignee on p_assignee.id = p.assigned_user_id
            order by s.version desc`,
    values: [actor.id, taskId, before, limit],
  })
  return rows
}
