import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Actor } from '../auth/index.ts'
import { openExport } from '../exports/index.ts'
import { ConfigError, loadConfig, tokenFromEnvironment } from '../platform/config.ts'
import type { Context } from '../platform/context.ts'
import { readAsOf, readFilter } from '../tasks/index.ts'
import { activeUser } from './active-user.ts'
import { reasonOf } from './reason.ts'
import { withContext } from './runtime.ts'

export interface ExportOptions {
  format: 'csv' | 'ndjson' | 'xlsx'
  raw?: boolean
  user?: string
  project?: string
  asOf?: string
  output?: string
  url?: string
  token?: string
}

/** Writes tasks to a file or to standard output, straight from the database or over the API of a server. */
export async function exportCommand(options: ExportOptions): Promise<void> {
  const { format, raw, user, project, output, url, token = tokenFromEnvironment() } = options
  if (raw && format !== 'csv') throw new ConfigError('--raw is for CSV.')
  if (project && !/^[1-9]\d{0,14}$/.test(project)) throw new ConfigError('--project must be the id of a project.')
  if (!url) return withContext(loadConfig(), 'export', async (ctx) => save(await fromDatabase(ctx, options), output))
  if (!token) throw new ConfigError('--url needs TASKLOG_TOKEN or --token as well.')
  if (user) throw new ConfigError('--user is for the database; a server knows whose the token is.')
  await save(await fromServer(url, token, options), output)
}

async function fromDatabase(ctx: Context, { format, raw, user, project, asOf }: ExportOptions): Promise<Readable> {
  const actor = user === undefined ? OPERATOR : await activeUser(ctx, user)
  return openExport(ctx, actor, {
    format: format === 'xlsx' ? 'cells' : raw ? 'raw csv' : format,
    filter: readFilter(project ? { project_id: Number(project) } : {}),
    asOf: asOf === undefined ? undefined : readAsOf(asOf, ctx.config.timeZone),
    direction: 'desc',
  })
}

/** Who can reach the database can read all of it. */
const OPERATOR: Actor = { id: 0, username: '', role: 'admin', sessionId: '' }

async function fromServer(url: string, token: string, options: ExportOptions): Promise<Readable> {
  const { format, raw, project, asOf } = options
  const query = new URLSearchParams({
    ...(raw && { raw: 'true' }),
    ...(project && { project_id: project }),
    ...(asOf !== undefined && { as_of: asOf }),
  })
  const headers = { authorization: `Bearer ${token}` }
  const file = `${url.replace(/\/+$/, '')}/api/v1/tasks.${format}?${query}`
  const answer = await fetch(file, { headers }).catch((error: Error) => {
    throw new ConfigError(`${url} cannot be reached: ${reasonOf(error)}`)
  })
  if (answer.ok && answer.body) return Readable.fromWeb(answer.body)
  const problem = (await answer.json().catch(() => ({}))) as { detail?: string }
  throw new ConfigError(problem.detail ?? `${url} answered ${answer.status}.`)
}

async function save(source: Readable, output: string | undefined): Promise<void> {
  try {
    await (output === undefined ? print(source) : write(source, output))
  } catch (error) {
    throw new ConfigError(`The export broke off: ${reasonOf(error)}`, { cause: error })
  }
}

async function print(source: Readable): Promise<void> {
  await pipeline(source, process.stdout, { end: false }).catch((error: NodeJS.ErrnoException) => {
    // Whoever reads it (`head`) has enough.
    if (error.code !== 'EPIPE') throw error
  })
}

/** Under another name until it is whole. */
async function write(source: Readable, output: string): Promise<void> {
  const part = `${output}.${process.pid}.part`
  try {
    await pipeline(source, createWriteStream(part, { flags: 'wx', flush: true }))
    await rename(part, output)
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
}
