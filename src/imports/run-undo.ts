import type { Context } from '../platform/context.ts'
import { takeLease } from './lease-queries.ts'
import { inStretch, whileMine } from './run-import.ts'
import * as undo from './undo-queries.ts'

/** Tasks that one transaction undoes: each of them is a version, which costs more than a new task. */
const STRETCH_TASKS = 10_000

/** Takes an import back, as far as it can go. */
export async function runUndo(
  ctx: Context,
  importId: number,
  signal: AbortSignal,
  stretchTasks = STRETCH_TASKS,
): Promise<void> {
  const row = await takeLease(ctx.db, importId, ['undoing'])
  if (!row) return
  const doneBy = row.undone_by ?? row.created_by
  await whileMine(ctx, row, 'UNDO_FAILED', 'The import could not be undone. See the log of the worker.', async () => {
    for (;;) {
      signal.throwIfAborted()
      const to = await undo.endOfStretch(ctx.db, row, stretchTasks)
      if (to === null) break
      await inStretch(ctx, doneBy, (tx) => undo.undoStretch(tx, row, to))
      row.undone_task = to
    }
    const { undone_removed, undone_restored, undone_left } = await inStretch(ctx, doneBy, (tx) =>
      undo.finishUndo(tx, row),
    )
    ctx.log.info({ importId, undone_removed, undone_restored, undone_left }, 'import undone')
  })
}
