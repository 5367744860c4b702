import { execFile, execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { chown, cp, mkdir, readFile, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'

/** PostgreSQL refuses to run as root, so root runs it as somebody else, from a place that somebody can reach. */
export interface Home {
  binDir: string
  cluster: string
  majorVersion: number
  /** Whom to run as; undefined for the user we are. */
  user: { uid: number; gid: number } | undefined
}

const SHARED_PLACE = '/var/lib/tasklog'
const SYSTEM_USER = 'tasklog'

/**
 * Where the cluster of `dataDir` lives and what runs it: in `dataDir` itself, but for root below a folder that others
 * cannot enter (such as /root), where binaries and cluster go to /var/lib/tasklog.
 */
export async function findHome(dataDir: string, binDir: string, log: (line: string) => void = () => {}): Promise<Home> {
  const user = process.getuid?.() === 0 ? await unprivilegedUser() : undefined
  const majorVersion = versionOf(binDir)
  const cluster = path.join(dataDir, 'postgres')
  if (!user) return { binDir, cluster, majorVersion, user }
  const place = path.join(SHARED_PLACE, createHash('sha256').update(dataDir).digest('hex').slice(0, 12))
  if (isOpenToOthers(dataDir)) {
    return { binDir: isOpenToOthers(binDir) ? binDir : await copyBinaries(binDir), cluster, majorVersion, user }
  }
  if (!existsSync(place)) log(`Only root can enter ${dataDir}, so the database itself is kept in ${place}.`)
  await mkdir(place, { recursive: true })
  await chown(place, user.uid, user.gid)
  const reachable = isOpenToOthers(binDir) ? binDir : await copyBinaries(binDir)
  return { binDir: reachable, cluster: path.join(place, 'postgres'), majorVersion, user }
}

/** Runs one of PostgreSQL's programs; rejects with what it wrote when it fails. */
export async function runAs(home: Home, program: string, args: string[]): Promise<void> {
  const env = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C.UTF-8', TZ: 'UTC' }
  // A folder that the other user can enter; whatever we were started in may not be one.
  await execute(path.join(home.binDir, program), args, { ...home.user, env, cwd: '/', maxBuffer: 16 * 1024 * 1024 })
}

/**
 * pg_ctl leaves a server behind that would keep a pipe open for ever, so its output goes nowhere: the server's own log
 * tells what happened.
 */
async function execute(file: string, args: string[], options: object): Promise<void> {
  if (!file.endsWith('pg_ctl')) return void (await promisify(execFile)(file, args, options))
  const { spawn } = await import('node:child_process')
  await new Promise<void>((resolve, reject) => {
    const child = spawn(file, args, { ...options, stdio: 'ignore' })
    child.on('error', reject)
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${file} ended with ${code}`))))
  })
}

/** Hands files to the user PostgreSQL runs as. */
export async function giveTo(home: Home, ...files: string[]): Promise<void> {
  const { user } = home
  if (user) await Promise.all(files.map((file) => chown(file, user.uid, user.gid)))
}

async function unprivilegedUser(): Promise<{ uid: number; gid: number }> {
  const known = (await findUser('postgres')) ?? (await findUser(SYSTEM_USER))
  if (known) return known
  try {
    execFileSync('useradd', ['--system', '--no-create-home', '--shell', '/usr/sbin/nologin', SYSTEM_USER])
  } catch {
    // No useradd here; nobody is on every system.
  }
  const user = (await findUser(SYSTEM_USER)) ?? (await findUser('nobody'))
  if (!user) throw new Error('PostgreSQL cannot run as root and there is no other user. Set DATABASE_URL instead.')
  return user
}

async function findUser(name: string): Promise<{ uid: number; gid: number } | undefined> {
  const line = (await readFile('/etc/passwd', 'utf8')).split('\n').find((entry) => entry.startsWith(`${name}:`))
  const [, , uid, gid] = line?.split(':') ?? []
  return uid && gid ? { uid: Number(uid), gid: Number(gid) } : undefined
}

function isOpenToOthers(folder: string): boolean {
  for (let place = path.resolve(folder); ; place = path.dirname(place)) {
    if ((statSync(place).mode & 0o001) === 0) return false
    if (place === path.dirname(place)) return true
  }
}

/** @param binDir `<installation>/bin`; the whole installation is copied, as the programs look beside themselves */
async function copyBinaries(binDir: string): Promise<string> {
  const version = createHash('sha256').update(binDir).update(fullVersionOf(binDir)).digest('hex').slice(0, 12)
  const target = path.join(SHARED_PLACE, `postgresql-${version}`)
  if (!existsSync(target)) {
    const draft = `${target}.${process.pid}`
    await cp(path.dirname(binDir), draft, { recursive: true, verbatimSymlinks: true })
    await rename(draft, target).catch(() => rm(draft, { recursive: true, force: true }))
  }
  return path.join(target, 'bin')
}

const fullVersionOf = (binDir: string) =>
  execFileSync(path.join(binDir, 'postgres'), ['--version'], { encoding: 'utf8' })

function versionOf(binDir: string): number {
  return Number(/\) (\d+)/.exec(fullVersionOf(binDir))?.[1] ?? 0)
}
