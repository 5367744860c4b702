import type { Actor } from '../auth/index.ts'
import type { Context } from '../platform/context.ts'
import { projectArchived, projectForbidden, projectNotFound } from '../projects/index.ts'
import { importDetailsRemoved, importNotFound } from './errors.ts'
import * as queries from './queries.ts'

const FIRST_LOOK_MS = 20
const LONGEST_LOOK_MS = 250

/**
 * The project an upload goes to, if the actor may import there; asked before a byte of the file is read.
 *
 * @param projectId the default project when null
 * @throws AppError PROJECT_NOT_FOUND (404), PROJECT_FORBIDDEN (403), PROJECT_ARCHIVED (409)
 */
export async function requireTarget(ctx: Context, actor: Actor, projectId: string | null): Promise<number> {
  const target = await queries.findTarget(ctx.db, actor, projectId)
  if (!target) throw projectNotFound(projectId ?? undefined)
  if (!target.allowed) throw projectForbidden()
  if (target.archived) throw projectArchived()
  return target.id
}

/** @throws AppError IMPORT_NOT_FOUND (404) */
export async function getImport(ctx: Context, actor: Actor, id: string | number): Promise<queries.ImportRow> {
  const row = await queries.findImport(ctx.db, actor, id)
  if (!row) throw importNotFound(String(id))
  return row
}

/** @throws AppError IMPORT_NOT_FOUND (404), IMPORT_DETAILS_REMOVED (410) */
export async function getDetailedImport(ctx: Context, actor: Actor, id: string | number): Promise<queries.ImportRow> {
  const row = await getImport(ctx, actor, id)
  if (row.details_removed_at) throw importDetailsRemoved(row.id, row.details_removed_at)
  return row
}

const AT_REST: ReadonlySet<queries.ImportState> = new Set(['ready', 'done', 'failed', 'cancelled', 'undone'])

/** Nothing more happens to it by itself. */
export function isAtRest({ state }: queries.ImportRow): boolean {
  return AT_REST.has(state)
}

/**
 * The import each time it is looked at, and at last as it is when it is at rest or the process is told to stop.
 *
 * @param readActor who looks, asked anew each time
 * @throws AppError IMPORT_NOT_FOUND (404), and what `readActor` throws
 */
export async function* followImport(
  ctx: Context,
  readActor: () => Promise<Actor>,
  id: number,
  longestLookMs = LONGEST_LOOK_MS,
): AsyncGenerator<queries.ImportRow> {
  for (let pause = FIRST_LOOK_MS; ; pause = Math.min(pause * 1.5, longestLookMs)) {
    const row = await getImport(ctx, await readActor(), id)
    yield row
    if (isAtRest(row) || ctx.stopping.signal.aborted) return
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
}

/** Looks until the import is at rest, for at most `waitMs`, or until this process is told to stop. */
export async function waitForImport(
  ctx: Context,
  actor: Actor,
  id: number,
  waitMs: number,
): Promise<queries.ImportRow> {
  const deadline = Date.now() + waitMs
  let latest: queries.ImportRow | undefined
  for await (const row of followImport(ctx, async () => actor, id)) {
    latest = row
    if (Date.now() >= deadline) break
  }
  return latest as queries.ImportRow
}

export async function listErrors(
  ctx: Context,
  actor: Actor,
  importId: string | number,
  page: { after: [line: string, column: string]; limit: number },
): Promise<queries.ImportErrorRow[]> {
  await getDetailedImport(ctx, actor, importId)
  return queries.listErrors(ctx.db, actor, importId, page)
}
