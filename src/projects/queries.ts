import type { Actor } from '../auth/index.ts'
import type { Queryable } from '../platform/db.ts'
import { actorKind, type ProjectRole, projectPredicate } from './policy.ts'

export interface ProjectRow {
  id: number
  name: string
  is_default: boolean
  archived_at: Date | null
  created_at: Date
  /** The asker's role in it; an administrator may have none. */
  role: ProjectRole | null
}

export interface MemberRow {
  user_id: number
  username: string
  role: ProjectRole
  added_at: Date
}

const PROJECT_COLUMNS = 'p.id, p.name, p.is_default, p.archived_at, p.created_at'
const OWN_ROLE = '(select m.role from project_members m where m.project_id = p.id and m.user_id = $1) as role'

export async function listProjects(
  db: Queryable,
  actor: Actor,
  page: { afterId: string; limit: number; archived: boolean },
): Promise<ProjectRow[]> {
  const { rows } = await db.query<ProjectRow>({
    name: `projects/list/${actorKind(actor)}`,
    text: `select ${PROJECT_COLUMNS}, ${OWN_ROLE} from projects p
            where ${projectPredicate(actor, 'read', 'p.id')} and p.id > $2 and (p.archived_at is not null) = $4
            order by p.id limit $3`,
    values: [actor.id, page.afterId, page.limit, page.archived],
  })
  return rows
}

export async function findProject(db: Queryable, actor: Actor, id: string): Promise<ProjectRow | undefined> {
  const { rows } = await db.query<ProjectRow>({
    name: `projects/find/${actorKind(actor)}`,
    text: `select ${PROJECT_COLUMNS}, ${OWN_ROLE} from projects p
            where p.id = $2 and ${projectPredicate(actor, 'read', 'p.id')}`,
    values: [actor.id, id],
  })
  return rows[0]
}

/** The creator becomes its maintainer. Undefined when the name is taken. */
export async function insertProject(db: Queryable, actor: Actor, name: string): Promise<ProjectRow | undefined> {
  const { rows } = await db.query<ProjectRow>({
    name: 'projects/insert',
    text: `with p as (
             insert into projects (name, created_by) values ($2, $1) on conflict (lower(name)) do nothing returning *),
           m as (
             insert into project_members (project_id, user_id, role) select p.id, $1, 'maintainer' from p
             returning role)
           select ${PROJECT_COLUMNS}, m.role from p, m`,
    values: [actor.id, name],
  })
  return rows[0]
}

/** Undefined when the actor may not manage it (or it is not there). */
export async function updateProject(
  db: Queryable,
  actor: Actor,
  id: string,
  change: { name?: string; archived?: boolean },
): Promise<ProjectRow | undefined> {
  const { rows } = await db.query<ProjectRow>({
    name: `projects/update/${actorKind(actor)}`,
    text: `update projects p
              set name = coalesce($3, p.name),
                  archived_at = case when $4::boolean is null then p.archived_at
                                     when $4 then coalesce(p.archived_at, now()) end
            where p.id = $2 and ${projectPredicate(actor, 'manage', 'p.id')}
        returning ${PROJECT_COLUMNS}, ${OWN_ROLE}`,
    values: [actor.id, id, change.name ?? null, change.archived ?? null],
  })
  return rows[0]
}

export async function listMembers(
  db: Queryable,
  actor: Actor,
  projectId: string,
  page: { afterId: string; limit: number },
): Promise<MemberRow[]> {
  const { rows } = await db.query<MemberRow>({
    name: `projects/list-members/${actorKind(actor)}`,
    text: `select m.user_id, u.username, m.role, m.added_at
             from project_members m join users u on u.id = m.user_id
            where m.project_id = $2 and ${projectPredicate(actor, 'read', 'm.project_id')} and m.user_id > $3
            order by m.user_id limit $4`,
    values: [actor.id, projectId, page.afterId, page.limit],
  })
  return rows
}

/** Adds an enabled user by name; `added` is false for who was a member already. Undefined when there is nobody to add. */
export async function insertMember(
  db: Queryable,
  actor: Actor,
  projectId: string,
  username: string,
  role: ProjectRole,
): Promise<(MemberRow & { added: boolean }) | undefined> {
  const { rows } = await db.query<MemberRow & { added: boolean }>({
    name: `projects/insert-member/${actorKind(actor)}`,
    text: `with u as (
             select id, username from users where lower(username) = lower($3) and disabled_at is null),
           m as (
             insert into project_members (project_id, user_id, role)
             select p.id, u.id, $4 from projects p, u
              where p.id = $2 and ${projectPredicate(actor, 'manage', 'p.id')}
             on conflict do nothing returning user_id, role, added_at)
           select u.id as user_id, u.username, coalesce(m.role, $4) as role, coalesce(m.added_at, now()) as added_at,
                  m.user_id is not null as added
             from u left join m on true`,
    values: [actor.id, projectId, username, role],
  })
  return rows[0]
}

export async function updateMember(
  db: Queryable,
  actor: Actor,
  projectId: string,
  userId: string,
  role: ProjectRole,
): Promise<MemberRow | undefined> {
  const { rows } = await db.query<MemberRow>({
    name: `projects/update-member/${actorKind(actor)}`,
    text: `update project_members m set role = $4 from users u
            where u.id = m.user_id and m.project_id = $2 and m.user_id = $3
              and ${projectPredicate(actor, 'manage', 'm.project_id')}
        returning m.user_id, u.username, m.role, m.added_at`,
    values: [actor.id, projectId, userId, role],
  })
  return rows[0]
}

export async function deleteMember(db: Queryable, actor: Actor, projectId: string, userId: string): Promise<boolean> {
  const { rowCount } = await db.query({
    name: `projects/delete-member/${actorKind(actor)}`,
    text: `delete from project_members m
            where m.project_id = $2 and m.user_id = $3 and ${projectPredicate(actor, 'manage', 'm.project_id')}`,
    values: [actor.id, projectId, userId],
  })
  return rowCount === 1
}

/**
 * Usernames that begin so, of active members of one project or of all that the actor may read. Administrators may be given
 * tasks everywhere, but who they are is told to each other, and to those they share a project with.
 */
export async function listAssignees(
  db: Queryable,
  actor: Actor,
  { beginning, projectId, limit }: { beginning: string; projectId?: number; limit: number },
): Promise<string[]> {
  const { rows } = await db.query<{ username: string }>({
    name: `projects/list-assignees/${actorKind(actor)}`,
    text: `select u.username from users u
            where u.disabled_at is null and starts_with(lower(u.username), lower($2))
              and ($3::bigint is null or ${projectPredicate(actor, 'read', '$3::bigint')})
              and (${actor.role === 'admin' ? `u.role = 'admin' or ` : ''}exists (
                    select from project_members m
                     where m.user_id = u.id and ($3::bigint is null or m.project_id = $3 or u.role = 'admin')
                       and ${projectPredicate(actor, 'read', 'm.project_id')}))
            order by lower(u.username) limit $4`,
    values: [actor.id, beginning, projectId, limit],
  })
  return rows.map(({ username }) => username)
}
