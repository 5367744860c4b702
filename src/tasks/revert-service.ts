import type { Actor } from '../auth/index.ts'
import type { Context } from '../platform/context.ts'
import { taskNotFound, versionDeleted, versionNotFound } from './errors.ts'
import type { TaskText } from './queries.ts'
import { explainRevertRefusal, findVersion, revertTo } from './revert-queries.ts'
import { namingTakenKey, refusalOf, targetRefusal, versionRefusal, writeOrExplain } from './service.ts'

/**
 * Makes a new version with the fields of an earlier one; a deleted task comes back. Nothing is made when the task is like
 * that already.
 *
 * @param to the version whose fields it gets
 * @param expected the version the caller has seen, or null for whatever is there
 * @throws AppError VERSION_NOT_FOUND (404), VERSION_DELETED (409) and those of changeTask
 */
export async function revertTask(
  ctx: Context,
  actor: Actor,
  id: string,
  to: number,
  expected: number | null,
): Promise<TaskText> {
  const earlier = await findVersion(ctx.db, actor, id, to)
  const fields = earlier && !earlier.deleted ? earlier.fields : undefined
  return writeOrExplain(
    async () => fields && namingTakenKey(fields, () => revertTo(ctx.db, actor, id, fields, expected)),
    async () => {
      const found = await explainRevertRefusal(ctx.db, actor, id, fields ?? {})
      if (!found) throw taskNotFound(id)
      const refusal = refusalOf(found) ?? versionRefusal(found, expected)
      if (refusal) throw refusal
      if (!fields) throw earlier ? versionDeleted(to) : versionNotFound(to)
      const obstacle = targetRefusal(found, fields)
      if (obstacle) throw obstacle
      return found.unchanged && !found.deleted ? found : undefined
    },
  )
}
