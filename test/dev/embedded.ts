import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { after, type TestContext } from 'node:test'
import pg from 'pg'
import {
  type EmbeddedOptions,
  type EmbeddedPostgres,
  findRunningEmbeddedPostgres,
  startEmbeddedPostgres,
} from '../../dev/embedded-postgres.ts'

export const isRoot = process.getuid?.() === 0
export const KEEP = 'drop table if exists kept; create table kept as select 42 as n'
const MODULE = path.resolve(import.meta.dirname, '../../dev/embedded-postgres.ts')

export interface Owner {
  process: ChildProcess
  /** What it started, or the sentence it was refused with. */
  started: Promise<{ url?: string; port?: number; adopted?: boolean; error?: string }>
  kill(): Promise<void>
}

/** A process of its own that starts the embedded PostgreSQL and holds it, to be killed. */
export function startOwner(dataDir: string): Owner {
  const script = `
    const { startEmbeddedPostgres } = await import(${JSON.stringify(MODULE)})
    try {
      const { url, port, adopted } = await startEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)} })
      console.log(JSON.stringify({ url, port, adopted }))
      setInterval(() => {}, 1_000)
    } catch (error) {
      console.log(JSON.stringify({ error: error.message }))
    }`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const started = once(createInterface(child.stdout), 'line').then(([line]) => JSON.parse(line))
  const ended = once(child, 'exit')
  const kill = async () => {
    child.kill('SIGKILL')
    await ended
  }
  return { process: child, started, kill }
}

export async function assertKept(t: TestContext, dataDir: string): Promise<void> {
  const postgres = await start(t, dataDir)
  assert.deepEqual(await sql(postgres.url, 'select n from kept'), [{ n: 42 }])
  await postgres.stop()
}

async function makeFolder(): Promise<string> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'tasklog-embedded-'))
  await chmod(dataDir, 0o755)
  return dataDir
}

/** A folder that goes at the end, with whatever PostgreSQL still runs in it. */
export async function folder(t: TestContext): Promise<string> {
  const dataDir = await makeFolder()
  t.after(async () => {
    await endLeftOver(dataDir)
    await rm(dataDir, { recursive: true, force: true, maxRetries: 10 })
  })
  return dataDir
}

/**
 * Making a cluster costs most of the time, so the tests of a file that do not mind what is in it share one. Nothing runs
 * there when a test begins.
 */
export function sharedFolder(t: TestContext): Promise<string> {
  const made = shared ?? makeFolder()
  shared = made
  t.after(async () => endLeftOver(await made))
  return made
}

let shared: Promise<string> | undefined
after(async () => shared && rm(await shared, { recursive: true, force: true }))

async function endLeftOver(dataDir: string): Promise<void> {
  const url = await findRunningEmbeddedPostgres(dataDir)
  if (!url) return
  const pid = await postmasterPid(url)
  process.kill(pid, 'SIGINT')
  await waitFor(async () => !isAlive(pid))
}

export async function start(
  t: TestContext,
  dataDir: string,
  options: Partial<EmbeddedOptions> = {},
): Promise<EmbeddedPostgres> {
  const postgres = await startEmbeddedPostgres({ dataDir, ...options })
  t.after(async () => {
    const place = await clusterOf(postgres.url).catch(() => undefined)
    await postgres.stop('immediate')
    if (place?.startsWith('/var/lib/tasklog/')) await removeShared(path.dirname(place))
  })
  return postgres
}

/** With what was set aside from it. */
async function removeShared(place: string): Promise<void> {
  for (const name of await readdir(path.dirname(place))) {
    const found = path.join(path.dirname(place), name)
    if (found === place || found.startsWith(`${place}.`)) await rm(found, { recursive: true, force: true })
  }
}

/** A cluster whose postmaster died and left its postmaster.pid behind. @returns its folder */
export async function crashed(t: TestContext, dataDir: string): Promise<string> {
  const postgres = await start(t, dataDir)
  await sql(postgres.url, KEEP)
  const cluster = await clusterOf(postgres.url)
  const pid = await postmasterPid(postgres.url)
  const pidFile = await readFile(path.join(cluster, 'postmaster.pid'), 'utf8')
  process.kill(pid, 'SIGKILL')
  await waitFor(async () => !isAlive(pid))
  await postgres.stop()
  await writeFile(path.join(cluster, 'postmaster.pid'), pidFile)
  return cluster
}

export async function sleeper(t: TestContext, uid?: number): Promise<number> {
  const child = spawn('sleep', ['60'], { stdio: 'ignore', cwd: '/', ...(isRoot && uid !== undefined ? { uid } : {}) })
  t.after(() => child.kill())
  await once(child, 'spawn')
  return child.pid as number
}

export async function sql(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  try {
    await client.connect()
    return (await client.query(text)).rows
  } finally {
    await client.end().catch(() => {})
  }
}

async function clusterOf(url: string): Promise<string> {
  const [row] = (await sql(url, `select current_setting('data_directory') as place`)) as { place: string }[]
  return row?.place ?? ''
}

export async function postmasterPid(url: string): Promise<number> {
  return Number((await readFile(path.join(await clusterOf(url), 'postmaster.pid'), 'utf8')).split('\n')[0])
}

export async function waitFor(look: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    if (await look()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error('waited in vain')
}

export function isAlive(pid: number): boolean {
  return spawnSync('kill', ['-0', String(pid)]).status === 0
}
