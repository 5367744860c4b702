import type { Actor } from '../auth/index.ts'
import type { Context } from '../platform/context.ts'
import { type AppError, invalidField } from '../platform/errors.ts'
import type { Written } from './bulk-change-queries.ts'
import { refused, writeMany } from './bulk-service.ts'
import { explainNotUndone, type NotUndone, undoVersions } from './bulk-undo-queries.ts'
import { externalIdTaken, taskNotFound, versionDeleted, versionMismatch, versionNotFound } from './errors.ts'
import { etagOf, refusalOf, targetRefusal } from './service.ts'

/**
 * Takes changes back, as one transaction: each task gets the state before the version that the change made, as a new
 * version. What has been changed since is left as it is, and refused.
 *
 * @param changed the tasks, each with that version; what a request over many answers as `changed` or `deleted`
 * @throws AppError INVALID_REQUEST (400) when a task stands there twice
 */
export async function undoChanges(ctx: Context, actor: Actor, changed: Written[]) {
  const versions = new Map(changed.map(({ id, version }) => [id, version]))
  if (versions.size < changed.length) throw invalidField('body', 'changed', 'names a task more than once')
  const given = (ids: number[]) => ids.map((id) => ({ id, version: versions.get(id) ?? 0 }))
  const outcome = await writeMany(ctx, {
    find: async () => [...versions.keys()],
    write: (tx, ids) => undoVersions(tx, actor, given(ids)),
    async explain(tx, ids, { refused: obstacles }) {
      const found = new Map((await explainNotUndone(tx, actor, given(ids))).map((row) => [row.id, row]))
      return ids.filter((id) => {
        const obstacle = obstacleOf(id, versions.get(id) ?? 0, found.get(id))
        if (obstacle) obstacles.push(refused(id, obstacle))
        return !obstacle
      })
    },
  })
  return { undone: outcome.written, refused: outcome.refused }
}

/** Undefined when nothing stands in the way any more. */
function obstacleOf(id: number, version: number, row: NotUndone | undefined): AppError | undefined {
  if (!row) return taskNotFound(String(id))
  const refusal = refusalOf(row)
  if (refusal) return refusal
  if (row.version !== version) return versionMismatch(undefined, etagOf(row.version))
  if (!row.known) return versionNotFound(version - 1)
  if (row.deleted) return versionDeleted(version - 1)
  return targetRefusal(row, row) ?? (row.key_taken ? externalIdTaken(row.external_id) : undefined)
}
