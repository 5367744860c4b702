import type { Actor } from '../auth/index.ts'
import type { Context } from '../platform/context.ts'
import { importNotFound } from './errors.ts'
import * as queries from './queries.ts'

const FIRST_LOOK_MS = 20
const LONGEST_LOOK_MS = 250

/** @throws AppError IMPORT_NOT_FOUND (404) */
export async function getImport(ctx: Context, actor: Actor, id: string | number): Promise<queries.ImportRow> {
  const row = await queries.findImport(ctx.db, actor, id)
  if (!row) throw importNotFound(String(id))
  return row
}

export function hasEnded(row: queries.ImportRow): boolean {
  return row.state === 'done' || row.state === 'failed'
}

/** Looks until the import has ended, for at most `waitMs`, or until this process is told to stop. */
export async function waitForImport(
  ctx: Context,
  actor: Actor,
  id: number,
  waitMs: number,
): Promise<queries.ImportRow> {
  const deadline = Date.now() + waitMs
  let row = await getImport(ctx, actor, id)
  for (
    let pause = FIRST_LOOK_MS;
    !hasEnded(row) && Date.now() < deadline && !ctx.stopping.signal.aborted;
    pause = Math.min(pause * 1.5, LONGEST_LOOK_MS)
  ) {
    await new Promise((resolve) => setTimeout(resolve, pause))
    row = await getImport(ctx, actor, id)
  }
  return row
}

export async function listErrors(
  ctx: Context,
  actor: Actor,
  importId: string | number,
  page: { after: [line: string, column: string]; limit: number },
): Promise<queries.ImportErrorRow[]> {
  await getImport(ctx, actor, importId)
  return queries.listErrors(ctx.db, actor, importId, page)
}
