import { constants, createReadStream } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import path from 'node:path'
import { SingleBar } from 'cli-progress'
import { ConfigError, loadConfig, tokenFromEnvironment } from '../platform/config.ts'
import { atServer, type ImportState, type ImportTarget, inDatabase, type Query } from './import-target.ts'
import { withContext } from './runtime.ts'

const SHOWN_ERRORS = 20
const LOOK_MS = 200
const AT_REST = ['ready', 'done', 'failed', 'cancelled', 'undone']

export interface ImportOptions {
  user?: string
  url?: string
  token?: string
  project?: string
  dryRun?: boolean
  onError?: Query['on_error']
  again?: boolean
  encoding?: Query['encoding']
  delimiter?: Query['delimiter']
  dateFormat?: string
  mapping?: string
  sheet?: string
}

/** Loads a CSV file or a workbook, straight into the database or over the API of a server. */
export async function importCommand(file: string, options: ImportOptions): Promise<void> {
  const { user, url, token = tokenFromEnvironment() } = options
  if (url) {
    if (!token) throw new ConfigError('--url needs TASKLOG_TOKEN or --token as well.')
    return load(atServer(url, token), file, options)
  }
  if (!user) throw new ConfigError('--user names who it is done as; or give --url and TASKLOG_TOKEN.')
  await withContext(loadConfig(), 'import', async (ctx) => load(await inDatabase(ctx, user), file, options))
}

async function load(target: ImportTarget, file: string, options: ImportOptions): Promise<void> {
  const { project, dryRun, onError, again, encoding, delimiter, dateFormat, mapping, sheet } = options
  if (project && !/^[1-9]\d{0,14}$/.test(project)) throw new ConfigError('--project must be the id of a project.')
  const query: Query = {
    ...(project && { project_id: Number(project) }),
    ...(dryRun && { dry_run: true }),
    ...(onError && { on_error: onError }),
    ...(again && { again: true }),
    ...(encoding && { encoding }),
    ...(delimiter && { delimiter }),
    ...(dateFormat && { date_format: dateFormat }),
    ...(mapping && { mapping }),
    ...(sheet && { sheet }),
  }
  const { id } = await upload(target, file, query)
  await report(target, await follow(target, id))
}

async function upload(target: ImportTarget, file: string, query: Query): Promise<ImportState> {
  if (file === '-') return target.upload(null, process.stdin, query)
  const size = await sizeOf(file)
  const bar = progressBar('Reading ')
  bar.start(size, 0)
  try {
    return await target.upload(path.basename(file), readWith(bar, file), query)
  } finally {
    bar.stop()
  }
}

/** @throws before anything is sent, what would be taken for an error of the server */
async function sizeOf(file: string): Promise<number> {
  const found = await stat(file).catch(() => undefined)
  if (!found) throw new ConfigError(`There is no file ${file}.`)
  if (found.isDirectory()) throw new ConfigError(`${file} is a folder, not a file.`)
  await access(file, constants.R_OK).catch(() => {
    throw new ConfigError(`You may not read ${file}.`)
  })
  return found.size
}

/** Read when it is asked for: a listener for the data would let the beginning pass before anybody takes it. */
async function* readWith(bar: SingleBar, file: string): AsyncGenerator<Buffer> {
  for await (const chunk of createReadStream(file)) {
    bar.increment(chunk.length)
    yield chunk
  }
}

async function follow(target: ImportTarget, id: number): Promise<ImportState> {
  const bar = progressBar('Merging ')
  let state = await target.look(id)
  bar.start(state.rows, 0, { rate: 0 })
  while (!AT_REST.includes(state.state)) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    state = await target.look(id)
    const { created, updated, unchanged, rejected, rows_per_second } = state
    bar.update(created + updated + unchanged + rejected, { rate: rows_per_second ?? 0 })
  }
  bar.update(state.rows)
  bar.stop()
  return state
}

async function report(target: ImportTarget, state: ImportState): Promise<void> {
  const { id, rows, created, updated, unchanged, rejected, samples, failure } = state
  const counts = `${created} created, ${updated} updated, ${unchanged} unchanged, ${rejected} rejected`
  if (state.state === 'ready') {
    console.log(`Dry run ${id}: of ${rows} rows ${counts}. Nothing was written.`)
    for (const { line, external_id, changes } of samples ?? []) {
      for (const [field, { from, to }] of Object.entries(changes)) {
        console.log(`  line ${line}, ${external_id}: ${field} ${JSON.stringify(from)} → ${JSON.stringify(to)}`)
      }
    }
    console.log(`POST /api/v1/imports/${id}/commit writes it.`)
  } else console.log(`Import ${id} ${state.state}: ${rows} rows, ${counts}.`)
  if (failure) console.log(failure)
  if (rejected > 0) console.table(await target.rejects(id, SHOWN_ERRORS))
  if (state.state === 'failed' || state.state === 'cancelled') process.exitCode = 1
}

/** Drawn on a terminal only. */
function progressBar(what: string): SingleBar {
  const rate = what.startsWith('Merging') ? ' | {rate} rows/s' : ''
  return new SingleBar({
    format: `${what} {bar} {percentage}%${rate} | {eta_formatted} left`,
    stream: process.stderr,
    noTTYOutput: false,
  })
}
