import type { Actor } from '../auth/index.ts'
import type { Context } from '../platform/context.ts'
import { AppError } from '../platform/errors.ts'
import { publicImport } from './schemas.ts'
import { followImport } from './service.ts'

const LOOK_MS = 500
/** Proxies close what is silent for a minute. */
const SILENCE_MS = 15_000

/**
 * Server-sent events (WHATWG HTML, 9.2): `progress` each time the import has changed, and `end` with how it ended. A stream
 * that stops without `end` is to be opened again: who may not look any more is told so then.
 */
export async function* progressEvents(
  ctx: Context,
  readActor: () => Promise<Actor>,
  id: number,
): AsyncGenerator<string> {
  try {
    yield* changes(ctx, readActor, id)
  } catch (error) {
    if (error instanceof AppError) return
    throw error
  }
  if (!ctx.stopping.signal.aborted) yield 'event: end\ndata: {}\n\n'
}

async function* changes(ctx: Context, readActor: () => Promise<Actor>, id: number): AsyncGenerator<string> {
  let last = ''
  let said = Date.now()
  for await (const row of followImport(ctx, readActor, id, LOOK_MS)) {
    const { state, rows, created, updated, unchanged, rejected, merged_line } = row
    const now = [state, rows, created, updated, unchanged, rejected, merged_line].join()
    if (now === last && Date.now() - said < SILENCE_MS) continue
    yield now === last ? ': still there\n\n' : `event: progress\ndata: ${JSON.stringify(publicImport(row))}\n\n`
    last = now
    said = Date.now()
  }
}
