import type { Actor } from '../auth/index.ts'
import type { Context } from '../platform/context.ts'
import { encodeCursor } from '../platform/cursor.ts'
import { writeConflict } from '../platform/errors.ts'
import type { Written } from './bulk-change-queries.ts'
import { refused, retryingTakenKey } from './bulk-service.ts'
import { deletionNotFound, externalIdTaken, taskNotDeleted, taskNotFound } from './errors.ts'
import type { TaskText } from './queries.ts'
import { MAX_ATTEMPTS, namingTakenKey, refusalOf, writeOrExplain } from './service.ts'
import * as queries from './trash-queries.ts'

/** A page as JSON text, ready to be sent. */
export async function listTrashPage(ctx: Context, actor: Actor, request: queries.TrashPageRequest): Promise<string> {
  const rows = await queries.listTrash(ctx.db, actor, { ...request, limit: request.limit + 1 })
  const items = rows.slice(0, request.limit)
  const last = rows.length > request.limit ? items.at(-1) : undefined
  const next = last ? JSON.stringify(encodeCursor([last.position, last.id])) : 'null'
  return `{"items":[${items.map((row) => row.json).join(',')}],"next_cursor":${next}}`
}

/**
 * Takes a task out of the trash, as a new version of it.
 *
 * @throws AppError TASK_NOT_FOUND, PROJECT_ARCHIVED, TASK_FORBIDDEN, TASK_NOT_DELETED, EXTERNAL_ID_TAKEN
 */
export function restoreTask(ctx: Context, actor: Actor, id: string): Promise<TaskText> {
  return writeOrExplain(
    () => namingTakenKey({}, () => queries.restoreTask(ctx.db, actor, id)),
    async () => {
      const found = await queries.explainRestoreRefusal(ctx.db, actor, id)
      if (!found) throw taskNotFound(id)
      const refusal = refusalOf(found)
      if (refusal) throw refusal
      if (!found.deleted) throw taskNotDeleted()
      return undefined
    },
  )
}

/**
 * Restores everything that one request deleted and the actor may change, as one transaction.
 *
 * @throws AppError DELETION_NOT_FOUND when the actor can read nothing of it in the trash
 */
export function restoreDeletion(ctx: Context, actor: Actor, deletionId: string) {
  return retryingTakenKey(() =>
    ctx.db.transaction(async (tx) => {
      const restored: Written[] = []
      for (let attempt = 1; ; attempt++) {
        restored.push(...(await queries.restoreDeletion(tx, actor, deletionId)))
        const left = await queries.explainDeletionLeft(tx, actor, deletionId)
        if (restored.length + left.length === 0) throw deletionNotFound(deletionId)
        const obstacles = left.map(
          (row) => refusalOf(row) ?? (row.key_taken ? externalIdTaken(row.external_id) : undefined),
        )
        // What stood in the way of one without an obstacle is gone by now.
        if (attempt < MAX_ATTEMPTS && obstacles.includes(undefined)) continue
        return { restored, refused: left.map(({ id }, i) => refused(id, obstacles[i] ?? writeConflict())) }
      }
    }),
  )
}
