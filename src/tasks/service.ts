import type { Actor } from '../auth/index.ts'
import type { Context } from '../platform/context.ts'
import { encodeCursor } from '../platform/cursor.ts'
import { sqlState } from '../platform/db.ts'
import { projectArchived, projectForbidden, projectNotFound } from '../projects/index.ts'
import { externalIdTaken, taskForbidden, taskNotFound, unknownAssignee, versionMismatch } from './errors.ts'
import { listTasks, type TaskPageRequest } from './list-queries.ts'
import * as queries from './queries.ts'

const UNIQUE_VIOLATION = '23505'

/** @throws AppError PROJECT_NOT_FOUND, PROJECT_ARCHIVED, PROJECT_FORBIDDEN, UNKNOWN_ASSIGNEE, EXTERNAL_ID_TAKEN */
export async function createTask(ctx: Context, actor: Actor, input: queries.TaskFields): Promise<queries.TaskText> {
  const fields = withLabelSet(input)
  const task = await namingTakenKey(fields, () => queries.insertTask(ctx.db, actor, fields))
  if (task) return task
  const project = await queries.explainCreateRefusal(ctx.db, actor, fields.project_id ?? null)
  if (!project) throw projectNotFound(String(fields.project_id))
  if (project.archived) throw projectArchived()
  if (!project.creatable) throw projectForbidden()
  throw unknownAssignee(fields.assigned_user ?? '')
}

/** @throws AppError TASK_NOT_FOUND (404), also for one the actor may not see */
export async function getTask(ctx: Context, actor: Actor, id: string): Promise<queries.TaskText> {
  const task = await queries.findTask(ctx.db, actor, id)
  if (!task) throw taskNotFound(id)
  return task
}

/**
 * Merges: members left out keep their value.
 *
 * @param version the version the caller has seen, or null for whatever is there
 * @throws AppError VERSION_MISMATCH (412) with the present state, TASK_NOT_FOUND, TASK_FORBIDDEN and those of createTask
 */
export async function changeTask(
  ctx: Context,
  actor: Actor,
  id: string,
  input: queries.TaskFields,
  version: number | null = null,
): Promise<queries.TaskText> {
  const changes = withLabelSet(input)
  const task = await namingTakenKey(changes, () => queries.updateTask(ctx.db, actor, id, changes, version))
  // Nothing in the way means that nothing was different: the task as it is.
  return task ?? (await findObstacle(ctx, actor, id, changes, version))
}

/** @throws AppError as changeTask */
export async function deleteTask(ctx: Context, actor: Actor, id: string, version: number | null = null): Promise<void> {
  if (await queries.softDeleteTask(ctx.db, actor, id, version)) return
  await findObstacle(ctx, actor, id, {}, version)
  // Deleted by somebody else between the two statements, and restored: as if it had just gone.
  throw taskNotFound(id)
}

async function findObstacle(
  ctx: Context,
  actor: Actor,
  id: string,
  changes: queries.TaskFields,
  version: number | null,
): Promise<queries.TaskText> {
  const found = await queries.explainRefusal(ctx.db, actor, id, changes)
  if (!found) throw taskNotFound(id)
  if (found.archived) throw projectArchived()
  if (!found.changeable) throw taskForbidden()
  if (version !== null && found.version !== version) {
    throw versionMismatch(JSON.parse(found.json), etagOf(found.version))
  }
  if (!found.target_visible) throw projectNotFound(String(changes.project_id))
  if (!found.target_ok) throw projectForbidden()
  if (!found.assignee_ok) throw unknownAssignee(changes.assigned_user ?? '')
  return found
}

/** A page as JSON text, ready to be sent. */
export async function listTaskPage(ctx: Context, actor: Actor, request: TaskPageRequest): Promise<string> {
  const rows = await listTasks(ctx.db, actor, { ...request, limit: request.limit + 1 })
  const items = rows.slice(0, request.limit)
  const last = rows.length > request.limit ? items.at(-1) : undefined
  const next = last ? JSON.stringify(encodeCursor([last.position, last.id])) : 'null'
  return `{"items":[${items.map((row) => row.json).join(',')}],"next_cursor":${next}}`
}

export function etagOf(version: number): string {
  return `"${version}"`
}

/** Labels are a set: their order and repetition mean nothing, so they do not make versions either. */
function withLabelSet(fields: queries.TaskFields): queries.TaskFields {
  return fields.labels ? { ...fields, labels: [...new Set(fields.labels)].sort() } : fields
}

async function namingTakenKey<T>(fields: queries.TaskFields, write: () => Promise<T>): Promise<T> {
  try {
    return await write()
  } catch (error) {
    if (sqlState(error) === UNIQUE_VIOLATION && fields.external_id) throw externalIdTaken(fields.external_id)
    throw error
  }
}
