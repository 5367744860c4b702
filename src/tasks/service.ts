import type { Actor } from '../auth/index.ts'
import type { Context } from '../platform/context.ts'
import { type AppError, writeConflict } from '../platform/errors.ts'
import { sqlState, UNIQUE_VIOLATION } from '../platform/sql-state.ts'
import { projectArchived, projectForbidden, projectNotFound } from '../projects/index.ts'
import type { AsOf } from './as-of.ts'
import { findLostHistory, findTaskAsOf } from './as-of-queries.ts'
import {
  externalIdTaken,
  historyNotKept,
  taskForbidden,
  taskNotFound,
  unknownAssignee,
  versionMismatch,
} from './errors.ts'
import * as queries from './queries.ts'

/** @throws AppError PROJECT_NOT_FOUND, PROJECT_ARCHIVED, PROJECT_FORBIDDEN, UNKNOWN_ASSIGNEE, EXTERNAL_ID_TAKEN */
export async function createTask(ctx: Context, actor: Actor, input: queries.TaskFields): Promise<queries.TaskText> {
  const fields = withLabelSet(input)
  return writeOrExplain(
    () => namingTakenKey(fields, () => queries.insertTask(ctx.db, actor, fields)),
    async () => {
      const project = await queries.explainCreateRefusal(ctx.db, actor, fields.project_id ?? null)
      if (!project) throw projectNotFound(fields.project_id)
      if (project.archived) throw projectArchived()
      if (!project.creatable) throw projectForbidden()
      if (fields.assigned_user) throw unknownAssignee(fields.assigned_user)
      return undefined
    },
  )
}

/**
 * The task as it was at a time that is over.
 *
 * @throws AppError TASK_NOT_FOUND (404) also when it did not exist then or was deleted, HISTORY_NOT_KEPT (410)
 */
export async function getTaskAsOf(ctx: Context, actor: Actor, id: string, at: AsOf): Promise<queries.TaskText> {
  await requireHistory(ctx, at)
  const task = await findTaskAsOf(ctx.db, actor, id, at, ctx.config.timeZone)
  if (!task) throw taskNotFound(id)
  return task
}

/** @throws AppError HISTORY_NOT_KEPT (410) for a time from before the history that is kept */
export async function requireHistory(ctx: Context, at: AsOf): Promise<void> {
  const keptFrom = await findLostHistory(ctx.db, at, ctx.config.timeZone)
  if (keptFrom !== undefined) throw historyNotKept(keptFrom)
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
  return writeOrExplain(
    () => namingTakenKey(changes, () => queries.updateTask(ctx.db, actor, id, changes, version)),
    async () => {
      const found = await findObstacle(ctx, actor, id, changes, version)
      return found.unchanged ? found : undefined
    },
  )
}

/** @throws AppError as changeTask */
export async function deleteTask(ctx: Context, actor: Actor, id: string, version: number | null = null): Promise<void> {
  await writeOrExplain(
    async () => (await queries.softDeleteTask(ctx.db, actor, id, version)) || undefined,
    async () => {
      await findObstacle(ctx, actor, id, {}, version)
      return undefined
    },
  )
}

export const MAX_ATTEMPTS = 3

/**
 * A write that is refused finds no row; a second statement says why. What stood in the way may be gone by then, and then
 * the write is tried again: an answer never says done for what was not.
 *
 * @param explain throws, or answers what there is when nothing was to be done
 */
export async function writeOrExplain<T>(
  write: () => Promise<T | undefined>,
  explain: () => Promise<T | undefined>,
): Promise<T> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const result = (await write()) ?? (await explain())
    if (result !== undefined) return result
  }
  throw writeConflict()
}

async function findObstacle(
  ctx: Context,
  actor: Actor,
  id: string,
  changes: queries.TaskFields,
  version: number | null,
) {
  const found = await queries.explainRefusal(ctx.db, actor, id, changes)
  if (!found) throw taskNotFound(id)
  const refusal = refusalOf(found) ?? versionRefusal(found, version) ?? targetRefusal(found, changes)
  if (refusal) throw refusal
  return found
}

/** Why the actor may not change the task at all. */
export function refusalOf(found: Pick<queries.Obstacles, 'archived' | 'changeable'>): AppError | undefined {
  if (found.archived) return projectArchived()
  return found.changeable ? undefined : taskForbidden()
}

export function versionRefusal(found: queries.TaskText, version: number | null): AppError | undefined {
  if (version === null || found.version === version) return undefined
  return versionMismatch(JSON.parse(found.json), etagOf(found.version))
}

/** Why the task may not become what the changes say. */
export function targetRefusal(
  found: Omit<queries.Obstacles, 'unchanged'>,
  changes: queries.TaskFields,
): AppError | undefined {
  if (!found.target_visible) return projectNotFound(changes.project_id)
  if (found.target_archived) return projectArchived()
  if (!found.target_ok) return projectForbidden()
  return found.assignee_ok ? undefined : unknownAssignee(changes.assigned_user ?? '')
}

export function etagOf(version: number): string {
  return `"${version}"`
}

/** Labels are a set: their order and repetition mean nothing, so they do not make versions either. */
export function withLabelSet(fields: queries.TaskFields): queries.TaskFields {
  return fields.labels ? { ...fields, labels: [...new Set(fields.labels)].sort(byCodePoint) } : fields
}

/** The order that the database's imports use; that of JavaScript differs beyond U+FFFF. */
const byCodePoint = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))

export async function namingTakenKey<T>(fields: queries.TaskFields, write: () => Promise<T>): Promise<T> {
  try {
    return await write()
  } catch (error) {
    // The one key a task has beside its id.
    if (sqlState(error) === UNIQUE_VIOLATION) throw externalIdTaken(fields.external_id)
    throw error
  }
}
