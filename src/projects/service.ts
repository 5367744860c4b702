import type { Actor } from '../auth/index.ts'
import type { Context } from '../platform/context.ts'
import { invalidField } from '../platform/errors.ts'
import { sqlState, UNIQUE_VIOLATION } from '../platform/sql-state.ts'
import {
  alreadyMember,
  defaultProjectStays,
  memberNotFound,
  projectForbidden,
  projectNameTaken,
  projectNotFound,
} from './errors.ts'
import { may, type ProjectRole } from './policy.ts'
import * as queries from './queries.ts'

/** @throws AppError PROJECT_NOT_FOUND (404), the same for one that is hidden as for one that never was */
export async function getProject(ctx: Context, actor: Actor, id: string): Promise<queries.ProjectRow> {
  const project = await queries.findProject(ctx.db, actor, id)
  if (!project) throw projectNotFound(id)
  return project
}

export async function createProject(ctx: Context, actor: Actor, name: string): Promise<queries.ProjectRow> {
  const project = await queries.insertProject(ctx.db, actor, name)
  if (!project) throw projectNameTaken(name)
  return project
}

/** Renames, archives or brings back. */
export async function changeProject(
  ctx: Context,
  actor: Actor,
  id: string,
  change: { name?: string; archived?: boolean },
): Promise<queries.ProjectRow> {
  const before = await requireManager(ctx, actor, id)
  if (before.is_default && change.archived) throw defaultProjectStays()
  try {
    const project = await queries.updateProject(ctx.db, actor, id, change)
    if (!project) throw projectForbidden()
    return project
  } catch (error) {
    if (sqlState(error) === UNIQUE_VIOLATION && change.name) throw projectNameTaken(change.name)
    throw error
  }
}

export async function listMembers(
  ctx: Context,
  actor: Actor,
  projectId: string,
  page: { afterId: string; limit: number },
): Promise<queries.MemberRow[]> {
  await getProject(ctx, actor, projectId)
  return queries.listMembers(ctx.db, actor, projectId, page)
}

export async function addMember(
  ctx: Context,
  actor: Actor,
  projectId: string,
  username: string,
  role: ProjectRole,
): Promise<queries.MemberRow> {
  await requireManager(ctx, actor, projectId)
  const member = await queries.insertMember(ctx.db, actor, projectId, username, role)
  if (!member) throw invalidField('body', 'username', `there is no user ${username}`)
  if (!member.added) throw alreadyMember(username)
  return member
}

export async function changeMember(
  ctx: Context,
  actor: Actor,
  projectId: string,
  userId: string,
  role: ProjectRole,
): Promise<queries.MemberRow> {
  await requireManager(ctx, actor, projectId)
  const member = await queries.updateMember(ctx.db, actor, projectId, userId, role)
  if (!member) throw memberNotFound(userId)
  return member
}

export async function removeMember(ctx: Context, actor: Actor, projectId: string, userId: string): Promise<void> {
  await requireManager(ctx, actor, projectId)
  if (!(await queries.deleteMember(ctx.db, actor, projectId, userId))) throw memberNotFound(userId)
}

/** Tells a refusal apart from a project one cannot see; the statements that follow ask the policy again themselves. */
async function requireManager(ctx: Context, actor: Actor, id: string): Promise<queries.ProjectRow> {
  const project = await getProject(ctx, actor, id)
  if (!may(actor, 'manage', project.role)) throw projectForbidden()
  return project
}
