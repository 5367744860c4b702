import { execFile, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, mkdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'

/** PostgreSQL refuses to run as root, so root runs it as somebody else, from a place that somebody can reach. */
export interface OsUser {
  uid: number
  gid: number
}

/** Where root keeps what others must reach; 0755 all the way, unlike a checkout below /root. */
export const SHARED_PLACE = '/var/lib/tasklog'
const SYSTEM_USER = 'tasklog'

export const isRoot = process.getuid?.() === 0

/** The user to run PostgreSQL as when we are root: postgres, else one made for it, else nobody. */
export function unprivilegedUser(): OsUser {
  const known = findUser('postgres') ?? findUser(SYSTEM_USER)
  if (known) return known
  // Where there is no useradd, nobody is there all the same.
  spawnSync('useradd', ['--system', '--no-create-home', '--shell', '/usr/sbin/nologin', SYSTEM_USER])
  const user = findUser(SYSTEM_USER) ?? findUser('nobody')
  if (!user) throw new Error('PostgreSQL cannot run as root and there is no other user. Set DATABASE_URL instead.')
  return user
}

function findUser(name: string): OsUser | undefined {
  const [uid, gid] = ['-u', '-g'].map((flag) => spawnSync('id', [flag, name], { encoding: 'utf8' }).stdout?.trim())
  return uid && gid ? { uid: Number(uid), gid: Number(gid) } : undefined
}

/** Tried rather than read from modes, as access lists and mounts have a say in it too. */
export function canEnter(user: OsUser, folder: string): boolean {
  return spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], { ...user, cwd: '/', stdio: 'ignore' }).status === 0
}

/**
 * @param binDir `<installation>/bin`
 * @returns it, or that of a copy of the installation where this user can run it
 */
export async function reachableBinDir(binDir: string, user: OsUser): Promise<string> {
  const runs = (options = {}) =>
    spawnSync(path.join(binDir, 'postgres'), ['--version'], { ...options, cwd: '/', encoding: 'utf8' })
  if (runs(user).status === 0) return binDir
  const version = createHash('sha256').update(binDir).update(runs().stdout).digest('hex').slice(0, 12)
  const target = path.join(SHARED_PLACE, `postgresql-${version}`)
  if (!existsSync(target)) {
    const draft = `${target}.${process.pid}`
    await mkdir(SHARED_PLACE, { recursive: true, mode: 0o755 })
    await cp(path.dirname(binDir), draft, { recursive: true, verbatimSymlinks: true })
    await rename(draft, target).catch(() => rm(draft, { recursive: true, force: true }))
  }
  return path.join(target, 'bin')
}

/** What PostgreSQL's programs need of our environment: not our PG… variables, and none of our secrets. */
export const ENVIRONMENT = { PATH: process.env.PATH, SYSTEMROOT: process.env.SYSTEMROOT, LC_ALL: 'C', TZ: 'UTC' }

/** Runs a program to its end as this user; rejects with what it wrote when it fails. */
export async function runAs(user: OsUser | undefined, program: string, args: string[]): Promise<void> {
  // Whatever folder we were started in, the other user may not enter it.
  await promisify(execFile)(program, args, { ...user, env: ENVIRONMENT, cwd: '/' })
}
