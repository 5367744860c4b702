import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import { SingleBar } from 'cli-progress'
import { type Actor, findUserByName } from '../auth/index.ts'
import { getImport, hasEnded, listErrors, publicError, stageFile } from '../imports/index.ts'
import { importJob } from '../imports/jobs.ts'
import { loadConfig } from '../platform/config.ts'
import type { Context } from '../platform/context.ts'
import { AppError } from '../platform/errors.ts'
import { withContext } from './runtime.ts'

const SHOWN_ERRORS = 20

/** Loads a CSV file straight into the database, with the same rules and the same queue as an upload. */
export async function importCommand(file: string, options: { user: string; project?: string }): Promise<void> {
  await withContext(loadConfig(), 'import', async (ctx) => {
    const actor = await administrator(ctx, options.user)
    const { id } = await upload(ctx, actor, file, options.project ?? null)
    // Whoever is first takes the job: a worker that runs already, or this process.
    await ctx.queue.work(ctx, [importJob])
    await follow(ctx, actor, id)
  })
}

async function administrator(ctx: Context, username: string): Promise<Actor> {
  const user = await findUserByName(ctx.db, username)
  if (user?.role !== 'admin' || user.disabled_at) {
    throw new AppError('ADMIN_REQUIRED', 403, `${username} is not an active administrator.`)
  }
  return { id: user.id, username: user.username, role: user.role, sessionId: '' }
}

async function upload(ctx: Context, actor: Actor, file: string, projectId: string | null) {
  if (file === '-') return stageFile(ctx, actor, { name: null, bytes: process.stdin }, projectId)
  const { size } = await stat(file).catch(() => {
    throw new AppError('FILE_NOT_FOUND', 404, `There is no file ${file}.`)
  })
  const bar = progressBar('Reading ')
  bar.start(size, 0)
  try {
    return await stageFile(ctx, actor, { name: path.basename(file), bytes: readWith(bar, file) }, projectId)
  } finally {
    bar.stop()
  }
}

/** Read when it is asked for: a listener for the data would let the beginning pass before anybody takes it. */
async function* readWith(bar: SingleBar, file: string): AsyncGenerator<Buffer> {
  for await (const chunk of createReadStream(file)) {
    bar.increment(chunk.length)
    yield chunk
  }
}

async function follow(ctx: Context, actor: Actor, id: number): Promise<void> {
  const bar = progressBar('Merging ')
  let row = await getImport(ctx, actor, id)
  bar.start(row.last_line, 0)
  while (!hasEnded(row)) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    row = await getImport(ctx, actor, id)
    bar.update(row.merged_line)
  }
  bar.update(row.last_line)
  bar.stop()
  console.log(`Import ${id} ${row.state}: ${row.rows} rows, ${row.created} created, ${row.rejected} rejected.`)
  if (row.failure) console.log(row.failure)
  if (row.rejected > 0)
    console.table((await listErrors(ctx, actor, id, { after: ['0', ''], limit: SHOWN_ERRORS })).map(publicError))
  if (row.state === 'failed') process.exitCode = 1
}

/** Drawn on a terminal only. */
function progressBar(what: string): SingleBar {
  return new SingleBar({
    format: `${what} {bar} {percentage}% | {eta_formatted} left`,
    stream: process.stderr,
    noTTYOutput: false,
  })
}
