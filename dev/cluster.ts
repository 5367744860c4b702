import { createHash, randomBytes } from 'node:crypto'
import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { chown, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { endPostmaster } from './postmaster.ts'
import {
  canEnter,
  isRoot,
  type OsUser,
  reachableBinDir,
  runAs,
  SHARED_PLACE,
  unprivilegedUser,
} from './unprivileged.ts'

/** A database cluster on disk, the programs for it, and whom to run them as (undefined: the user we are). */
export interface Cluster {
  folder: string
  binDir: string
  user: OsUser | undefined
}

export interface ClusterOptions {
  dataDir: string
  binDir: string
  superuser: string
  password: string
  /** Whether a power cut right after the start may lose it. */
  volatile: boolean
  log(line: string): void
}

/** In a data directory whose cluster lies elsewhere: where. */
const POINTER = 'postgres-location'
/** In that place: the data directory it belongs to. */
const BACK_POINTER = 'data-directory'

/** The folder of the cluster of a data directory; a look only, nothing is made or changed. */
export async function findClusterFolder(dataDir: string): Promise<string | undefined> {
  const folder = (await readText(path.join(dataDir, POINTER))) ?? path.join(dataDir, 'postgres')
  return existsSync(folder) ? folder : undefined
}

/**
 * The cluster of a data directory, made the first time. It lies in the data directory itself, but for root below a
 * folder that others cannot enter (such as /root): then binaries and cluster go to /var/lib/tasklog.
 */
export async function openCluster(options: ClusterOptions): Promise<Cluster> {
  const { dataDir } = options
  const pointed = await readText(path.join(dataDir, POINTER))
  if (pointed) await claim(dataDir, pointed)
  const folder = pointed ?? path.join(dataDir, 'postgres')
  await setAsideHalfDone(folder, options.log)
  if (existsSync(folder)) return reopen(folder, options)
  const user = isRoot ? unprivilegedUser() : undefined
  const place = user && !canEnter(user, dataDir) ? await placeElsewhere(options) : folder
  return create(place, user, options)
}

async function reopen(folder: string, { binDir }: ClusterOptions): Promise<Cluster> {
  if (!isRoot) {
    if (isAccessible(folder)) return { folder, binDir, user: undefined }
    throw new Error(
      `The database in ${folder} belongs to another user of this machine. Start Tasklog as whoever made it (root?).`,
    )
  }
  const user = await ownerOf(folder)
  if (!canEnter(user, path.dirname(folder))) {
    throw new Error(
      `The database in ${folder} runs as user ${user.uid}, who may not enter ${path.dirname(folder)} any more. ` +
        'Open that folder and those above it again (chmod o+x), or move the database with its folder to another place.',
    )
  }
  return { folder, binDir: await reachableBinDir(binDir, user), user }
}

/** Whoever owns the files goes on to; files of root (a copy, a restored backup) are given to the usual user. */
async function ownerOf(folder: string): Promise<OsUser> {
  const { uid, gid } = statSync(folder)
  if (uid !== 0) return { uid, gid }
  const user = unprivilegedUser()
  await runAs(undefined, 'chown', ['-R', `${user.uid}:${user.gid}`, folder])
  return user
}

/** Built aside and renamed, so that a cluster is there whole or not at all, whenever this is killed. */
async function create(folder: string, user: OsUser | undefined, options: ClusterOptions): Promise<Cluster> {
  const binDir = user ? await reachableBinDir(options.binDir, user) : options.binDir
  await removeDrafts(folder)
  const draft = `${folder}.new-${randomBytes(4).toString('hex')}`
  const files = { secret: path.join(draft, 'password'), cluster: path.join(draft, 'cluster') }
  await mkdir(draft, { mode: 0o700 })
  await writeFile(files.secret, `${options.password}\n`, { mode: 0o600 })
  if (user) for (const file of [draft, files.secret]) await chown(file, user.uid, user.gid)
  await initdb({ folder: files.cluster, binDir, user }, files.secret, options)
  await rename(files.cluster, folder)
  await removeDrafts(folder)
  return { folder, binDir, user }
}

async function initdb(cluster: Cluster, secret: string, { superuser, volatile }: ClusterOptions): Promise<void> {
  const run = (locale: string[]) => {
    const args = ['-D', cluster.folder, '-U', superuser, '-A', 'scram-sha-256', `--pwfile=${secret}`, '-E', 'UTF8']
    return runAs(cluster.user, path.join(cluster.binDir, 'initdb'), [
      ...args,
      ...locale,
      ...(volatile ? ['--no-sync'] : []),
    ])
  }
  // Sorted by code point on every machine; PostgreSQL before 17 needs the operating system's help for that.
  await run(['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'])
    .catch((error) => (/builtin/.test(error.stderr) ? run(['--locale=C.UTF-8']) : Promise.reject(error)))
    .catch((error) => (/invalid locale/.test(error.stderr) ? run(['--locale=C']) : Promise.reject(error)))
    .catch((error) => {
      throw new Error(`The embedded PostgreSQL could not make its database: ${error.stderr || error.message}`)
    })
}

/** Left by a start that was killed. An initdb may still be writing there; it ends as soon as it has something to say. */
async function removeDrafts(folder: string): Promise<void> {
  const parent = path.dirname(folder)
  for (const name of await readdir(parent)) {
    if (!name.startsWith(`${path.basename(folder)}.new`)) continue
    await rm(path.join(parent, name), { recursive: true, force: true, maxRetries: 10 }).catch(() => {})
  }
}

/** Not made by us like that, since we rename; kept, since it may be a database with a hole in it. */
async function setAsideHalfDone(folder: string, log: (line: string) => void): Promise<void> {
  if (!isAccessible(folder) || existsSync(path.join(folder, 'global/pg_control'))) return
  if ((await readdir(folder)).length === 0) return rm(folder, { recursive: true })
  const aside = `${folder}.incomplete-${Date.now()}`
  log(`${folder} is not a whole database; it is kept as ${aside}, and a new one is made.`)
  await rename(folder, aside)
}

async function placeElsewhere({ dataDir, log }: ClusterOptions): Promise<string> {
  const name = createHash('sha256').update(dataDir).digest('hex').slice(0, 12)
  const place = path.join(SHARED_PLACE, name)
  const folder = path.join(place, 'postgres')
  if (existsSync(place)) {
    // The data directory was removed, and with it the way here: whoever does that wants to begin anew.
    const aside = `${place}.removed-${Date.now()}`
    await endPostmaster(folder, 'fast')
    await rename(place, aside)
    log(`The former database of ${dataDir} is kept in ${aside}.`)
  }
  await mkdir(place, { recursive: true, mode: 0o755 })
  await writeFile(path.join(place, BACK_POINTER), dataDir)
  await writeFile(path.join(dataDir, POINTER), folder)
  log(`Only root can enter ${dataDir}, and PostgreSQL does not run as root: the database itself is in ${place}.`)
  return folder
}

/** A data directory that moved takes its cluster along; a copy of one must not share it. */
async function claim(dataDir: string, folder: string): Promise<void> {
  const file = path.join(path.dirname(folder), BACK_POINTER)
  const known = await readText(file)
  if (known === undefined || known === dataDir) return
  if ((await readText(path.join(known, POINTER))) === folder) {
    throw new Error(
      `The database in ${folder} belongs to ${known}. Remove ${path.join(dataDir, POINTER)} to begin with an empty one.`,
    )
  }
  await writeFile(file, dataDir)
}

function isAccessible(folder: string): boolean {
  try {
    accessSync(folder, constants.R_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}

async function readText(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').then(
    (text) => text.trim() || undefined,
    () => undefined,
  )
}
