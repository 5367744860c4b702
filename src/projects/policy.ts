import type { Actor } from '../auth/index.ts'

/**
 * Who may do what with the things of a project: one table, read both as a check and as a predicate inside statements.
 * An administrator of the installation may do everything in every project.
 */
export type ProjectRole = 'viewer' | 'contributor' | 'maintainer'
export type Action = 'read' | 'create' | 'change' | 'manage'

/** `own`: what they created or are assigned. */
type Grant = 'all' | 'own'

/** What of an actor decides how a statement is written. */
type Kind = Pick<Actor, 'role'>

const POLICY: Record<Action, Partial<Record<ProjectRole, Grant>>> = {
  read: { viewer: 'all', contributor: 'all', maintainer: 'all' },
  create: { contributor: 'all', maintainer: 'all' },
  change: { contributor: 'own', maintainer: 'all' },
  // Members, the project itself, imports into it.
  manage: { maintainer: 'all' },
}

/** Nothing is written in an archived project; reading and managing it (to bring it back) stay. */
const REFUSED_WHEN_ARCHIVED: ReadonlySet<Action> = new Set(['create', 'change'])

/** May somebody with this role (none: not a member) do this? */
export function may(actor: Actor, action: Action, role: ProjectRole | null, own = false): boolean {
  if (actor.role === 'admin') return true
  const grant = role ? POLICY[action][role] : undefined
  return grant === 'all' || (grant === 'own' && own)
}

/**
 * The policy as SQL.
 *
 * @param actor of whom only the role goes into the statement: `$1` is the actor's id, where `who` says nothing else
 * @param project SQL for the project id of the row, for instance `t.project_id`
 * @param who SQL for the actor's id, as a bigint
 * @returns a boolean expression
 */
export function projectPredicate(actor: Kind, action: Action, project: string, who = '$1::bigint'): string {
  if (actor.role === 'admin' && !REFUSED_WHEN_ARCHIVED.has(action)) {
    return `(${who} is not null and ${project} is not null)`
  }
  return `${project} = any(${projectIds(actor, action, 'all', who)})`
}

/**
 * The same for a task row, where a contributor's own tasks count as well.
 *
 * @param t alias of a row with project_id, created_by and assigned_user_id
 */
export function taskPredicate(actor: Kind, action: Action, t: string, who = '$1::bigint'): string {
  const all = projectPredicate(actor, action, `${t}.project_id`, who)
  if (actor.role === 'admin' || !Object.values(POLICY[action]).includes('own')) return all
  const own = `${t}.project_id = any(${projectIds(actor, action, 'own', who)}) and ${who} in (${t}.created_by, ${t}.assigned_user_id)`
  return `(${all} or (${own}))`
}

/** SQL for an array of the ids of the projects the actor may read. */
export function readableProjects(actor: Actor): string {
  return projectIds(actor, 'read', 'all')
}

/**
 * SQL for a text that is the same for all who may read the same projects, for pages kept for all of them.
 *
 * @param u alias of a row of users
 */
export function readScope(u: string): string {
  return `case when ${u}.role = 'admin' then 'all' else (
    select encode(sha256(coalesce(string_agg(m.project_id::text, ',' order by m.project_id), '')::bytea), 'base64')
      from project_members m where m.user_id = ${u}.id and m.role in (${roles('read', 'all')})) end`
}

/** Statements differ by the kind of actor; this keeps the names of prepared ones apart. */
export function actorKind(actor: Kind): string {
  return actor.role === 'admin' ? 'admin' : 'member'
}

/** Evaluated once a statement where `who` is a parameter, whatever number of rows it looks at. */
function projectIds(actor: Kind, action: Action, grant: Grant, who = '$1::bigint'): string {
  const unlessArchived = REFUSED_WHEN_ARCHIVED.has(action) ? 'and p.archived_at is null' : ''
  if (actor.role === 'admin') return `array(select p.id from projects p where ${who} is not null ${unlessArchived})`
  return `array(select m.project_id from project_members m join projects p on p.id = m.project_id
                 where m.user_id = ${who} and m.role in (${roles(action, grant)}) ${unlessArchived})`
}

/** The roles with this grant, as SQL. */
function roles(action: Action, grant: Grant): string {
  const granted = (Object.keys(POLICY[action]) as ProjectRole[]).filter((role) => POLICY[action][role] === grant)
  return granted.map((role) => `'${role}'`).join(', ')
}
