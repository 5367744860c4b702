import type { Actor } from '../auth/index.ts'
import type { Context } from '../platform/context.ts'
import { encodeCursor } from '../platform/cursor.ts'
import { taskNotFound } from '../tasks/index.ts'
import { listVersions } from './version-queries.ts'

const ABOVE_ALL = 2_147_483_647

/**
 * A page of a task's history as JSON text, newest first. It outlives the task: also for one that is deleted or purged.
 *
 * @param before the version to continue below; the newest when left out
 * @throws AppError TASK_NOT_FOUND (404), also when the actor may not see a single version
 */
export async function readHistory(
  ctx: Context,
  actor: Actor,
  taskId: string,
  { before, limit }: { before?: number; limit: number },
): Promise<string> {
  const rows = await listVersions(ctx.db, actor, taskId, { before: before ?? ABOVE_ALL, limit: limit + 1 })
  const isThere = rows.length > 0 || (before !== undefined && (await hasVersion(ctx, actor, taskId)))
  if (!isThere) throw taskNotFound(taskId)
  const items = rows.slice(0, limit)
  const last = rows.length > limit ? items.at(-1) : undefined
  const next = last ? JSON.stringify(encodeCursor([last.version])) : 'null'
  return `{"items":[${items.map((row) => row.json).join(',')}],"next_cursor":${next}}`
}

async function hasVersion(ctx: Context, actor: Actor, taskId: string): Promise<boolean> {
  return (await listVersions(ctx.db, actor, taskId, { before: ABOVE_ALL, limit: 1 })).length > 0
}
