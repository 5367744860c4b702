import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { closeSync, openSync, readFileSync, readlinkSync, realpathSync, statSync, writeFileSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cluster } from './cluster.ts'
import { isRunning } from './directory-lock.ts'
import { ENVIRONMENT } from './unprivileged.ts'

/** A PostgreSQL server process, as its postmaster.pid tells it. */
export interface Postmaster {
  pid: number
  port: number
  status: string
}

export type StopMode = 'fast' | 'immediate'

export interface LaunchOptions {
  settings: Record<string, string>
  /** A free one when left out. */
  port: number | undefined
  logFile: string
  log(line: string): void
}

/** Recovery after a crash is bounded by max_wal_size, but a slow disk takes its time. */
const START_LIMIT_MS = 600_000
const STOP_LIMIT_MS = 60_000
const LEFTOVER_LIMIT_MS = 30_000
const LOG_LIMIT_BYTES = 10 * 1024 * 1024

/** The server that runs in this cluster, whatever it is doing. */
function findPostmaster(folder: string): Postmaster | undefined {
  const [pid, , , port, , , , status] = readPidFile(folder)
  if (!isPostmaster(Number(pid), folder)) return undefined
  return { pid: Number(pid), port: Number(port), status: status?.trim() ?? '' }
}

/** Waits until it can be connected to, or is gone. */
export async function settledPostmaster(folder: string): Promise<Postmaster | undefined> {
  for (const deadline = Date.now() + START_LIMIT_MS; Date.now() < deadline; await sleep(20)) {
    const found = findPostmaster(folder)
    if (!found || found.status === 'ready') return found
  }
  throw new Error(`The PostgreSQL in ${folder} does not get ready. End it and try again.`)
}

/** Starts the server in a session of its own: neither Ctrl-C nor our end by a signal reaches it. */
export async function launchPostmaster(cluster: Cluster, options: LaunchOptions): Promise<Postmaster> {
  await rotate(options.logFile)
  const leftoverDeadline = Date.now() + LEFTOVER_LIMIT_MS
  for (let attempt = 0; ; attempt++) {
    const port = options.port ?? (await freePort())
    const began = statSync(options.logFile, { throwIfNoEntry: false })?.size ?? 0
    disarmPidFile(cluster.folder)
    const child = spawnPostmaster(cluster, port, options)
    if (await untilReady(child, cluster.folder, options)) return { pid: child.pid as number, port, status: 'ready' }
    const written = readFileSync(options.logFile).subarray(began).toString()
    // The postmaster was killed: a session of it that is busy has not noticed yet, or its own process is not quite gone.
    const leftover = /is still in use|lock file "postmaster\.pid" already exists/
    const waitsForLeftover = leftover.test(written) && Date.now() < leftoverDeadline
    const lostPort = options.port === undefined && written.includes('Address already in use') && attempt < 10
    if (!waitsForLeftover && !lostPort) throw failure(written, options.logFile)
    await sleep(waitsForLeftover ? 200 : 0)
  }
}

/** Ends the server of this cluster, if any; `fast` becomes `immediate` when it does not come to an end. */
export async function endPostmaster(folder: string, mode: StopMode): Promise<void> {
  const found = findPostmaster(folder)
  if (!found) return
  const isGone = async () => {
    for (const deadline = Date.now() + STOP_LIMIT_MS; Date.now() < deadline; await sleep(10)) {
      if (!isPostmaster(found.pid, folder)) return true
    }
    return false
  }
  for (const signal of mode === 'fast' ? (['SIGINT', 'SIGQUIT'] as const) : (['SIGQUIT'] as const)) {
    signalPostmaster(found.pid, signal)
    if (await isGone()) return
  }
  throw new Error(`The PostgreSQL in ${folder} (process ${found.pid}) does not end.`)
}

function signalPostmaster(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function spawnPostmaster(cluster: Cluster, port: number, options: LaunchOptions): ChildProcess {
  const settings: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...options.settings,
    port: String(port),
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  // Opened by us: its own user may not write here.
  const logFile = openSync(options.logFile, 'a', 0o600)
  try {
    return spawn(path.join(cluster.binDir, 'postgres'), ['-D', cluster.folder, ...flags], {
      ...cluster.user,
      env: ENVIRONMENT,
      cwd: '/',
      detached: true,
      stdio: ['ignore', logFile, logFile],
    })
  } finally {
    closeSync(logFile)
  }
}

/** @returns false when it ended instead */
async function untilReady(child: ChildProcess, folder: string, options: LaunchOptions): Promise<boolean> {
  let told = false
  child.on('error', (error) => writeFileSync(options.logFile, `${error.message}\n`, { flag: 'a' }))
  const began = Date.now()
  while (child.pid && child.exitCode === null && child.signalCode === null) {
    const found = readPidFile(folder)
    if (Number(found[0]) === child.pid && found[7]?.trim() === 'ready') {
      child.unref()
      return true
    }
    if (Date.now() - began > START_LIMIT_MS) child.kill('SIGQUIT')
    if (!told && Date.now() - began > 5_000) {
      told = true
      options.log('The embedded PostgreSQL is not ready yet: it recovers what was going on when it was ended.')
    }
    await sleep(10)
  }
  return false
}

function failure(written: string, logFile: string): Error {
  const lines = written.trim().split('\n').slice(-10)
  return new Error(`The embedded PostgreSQL did not start. Its log (${logFile}) ends with:\n${lines.join('\n')}`)
}

/**
 * After a crash the number in postmaster.pid may be another program's by now, and PostgreSQL would refuse to start.
 * The file is not removed: it also names the shared memory by which PostgreSQL sees that sessions of the crashed one
 * are still at work. With the number of its parent (us) in it, PostgreSQL knows it for stale and checks that.
 */
function disarmPidFile(folder: string): void {
  const [pid, ...rest] = readPidFile(folder)
  if (!isRunning(Number(pid))) return
  writeFileSync(path.join(folder, 'postmaster.pid'), [process.pid, ...rest].join('\n'))
}

function readPidFile(folder: string): string[] {
  try {
    return readFileSync(path.join(folder, 'postmaster.pid'), 'utf8').split('\n')
  } catch {
    return []
  }
}

/** A postmaster works in the folder of its cluster; a process that ended and was not fetched yet works nowhere. */
function isPostmaster(pid: number, folder: string): boolean {
  if (!isRunning(pid)) return false
  if (process.platform === 'linux') {
    try {
      return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(folder)
    } catch {
      return false
    }
  }
  const { stdout } = spawnSync('ps', ['-ww', '-o', 'command=', '-p', `${pid}`], { encoding: 'utf8' })
  return stdout ? stdout.includes(folder) : process.platform === 'win32'
}

async function rotate(logFile: string): Promise<void> {
  const size = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0
  if (size > LOG_LIMIT_BYTES) await rename(logFile, `${logFile}.1`)
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
