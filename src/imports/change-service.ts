import type { Actor } from '../auth/index.ts'
import type { Context } from '../platform/context.ts'
import { projectArchived } from '../projects/index.ts'
import { wrongImportState } from './errors.ts'
import { importJob, undoJob } from './jobs.ts'
import type { ImportRow } from './queries.ts'
import { getDetailedImport, getImport } from './service.ts'
import * as state from './state-queries.ts'
import * as undo from './undo-queries.ts'

/** @throws AppError IMPORT_NOT_FOUND (404), WRONG_IMPORT_STATE and PROJECT_ARCHIVED (409) */
export function commitImport(ctx: Context, actor: Actor, id: string): Promise<ImportRow> {
  return ctx.db.transaction(async (tx) => {
    const row = await state.commitImport(tx, actor, id)
    if (!row) return refuse({ ...ctx, db: tx }, actor, id, ['ready'])
    await ctx.queue.enqueue(tx, importJob.name, { importId: row.id })
    return row
  })
}

/** @throws AppError IMPORT_NOT_FOUND (404), WRONG_IMPORT_STATE (409) */
export async function cancelImport(ctx: Context, actor: Actor, id: string): Promise<ImportRow> {
  const row = await state.cancelImport(ctx.db, actor, id)
  return row ?? refuse(ctx, actor, id, ['receiving', 'checking', 'ready', 'merging'])
}

const UNDOABLE: ImportRow['state'][] = ['done', 'failed', 'cancelled']

/** @throws AppError IMPORT_NOT_FOUND (404), WRONG_IMPORT_STATE and PROJECT_ARCHIVED (409), IMPORT_DETAILS_REMOVED (410) */
export function beginUndo(ctx: Context, actor: Actor, id: string): Promise<ImportRow> {
  return ctx.db.transaction(async (tx) => {
    const row = await undo.beginUndo(tx, actor, id)
    if (!row) return refuseUndo({ ...ctx, db: tx }, actor, id)
    await ctx.queue.enqueue(tx, undoJob.name, { importId: row.id })
    return row
  })
}

/** The import as an undo would leave it, had it happened now. @throws as beginUndo */
export async function planUndo(ctx: Context, actor: Actor, id: string): Promise<ImportRow> {
  // It counts as many tasks as the import had.
  const plan = await ctx.db.bulkTransaction((tx) => undo.planUndo(tx, actor, id))
  if (!plan) return refuseUndo(ctx, actor, id)
  const { removed, restored, left } = plan
  const row = await getImport(ctx, actor, id)
  return { ...row, undone_by: actor.id, undone_removed: removed, undone_restored: restored, undone_left: left }
}

/** @throws AppError IMPORT_NOT_FOUND (404), IMPORT_DETAILS_REMOVED (410) */
export async function listLeft(ctx: Context, actor: Actor, id: string, page: { afterId: number; limit: number }) {
  await getDetailedImport(ctx, actor, id)
  return undo.listLeft(ctx.db, actor, id, page)
}

async function refuseUndo(ctx: Context, actor: Actor, id: string): Promise<never> {
  const row = await getDetailedImport(ctx, actor, id)
  const hasWritten = row.created + row.updated > 0
  if (UNDOABLE.includes(row.state) && !hasWritten) throw wrongImportState(`${row.state} and wrote nothing`, 'written')
  return refuse(ctx, actor, id, UNDOABLE)
}

async function refuse(ctx: Context, actor: Actor, id: string, wanted: ImportRow['state'][]): Promise<never> {
  const row = await getImport(ctx, actor, id)
  if (wanted.includes(row.state)) throw projectArchived()
  throw wrongImportState(row.state, wanted.join(', '))
}
