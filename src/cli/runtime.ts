import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { flushCompileCache } from 'node:module'
import path from 'node:path'
import { type Config, ConfigError } from '../platform/config.ts'
import { type Context, closeContext, createContext } from '../platform/context.ts'
import { collectAfterStart } from '../platform/garbage.ts'

/** A database to work on, and how to let go of it. */
export interface DatabaseHandle {
  url: string
  stop(): Promise<void>
}

/**
 * DATABASE_URL, or else the embedded PostgreSQL in DATA_DIR.
 *
 * @param share true for a command that may use the database of a server running beside it
 */
export async function openDatabase(config: Config, share: boolean): Promise<DatabaseHandle> {
  if (config.databaseUrl) return { url: config.databaseUrl, stop: async () => {} }
  const embedded = await loadEmbedded()
  const running = share ? await embedded.findRunningEmbeddedPostgres(config.dataDir) : undefined
  if (running) return { url: running, stop: async () => {} }
  try {
    return await embedded.superviseEmbeddedPostgres({ dataDir: config.dataDir, log: (line) => console.error(line) })
  } catch (error) {
    throw new ConfigError((error as Error).message, { cause: error })
  }
}

/** It lives outside src/ and comes with the development dependencies: a production image has neither. */
async function loadEmbedded() {
  const file = path.resolve(import.meta.dirname, '../../dev/embedded-postgres.ts')
  if (!existsSync(file))
    throw new ConfigError('DATABASE_URL is missing, and this installation has no embedded database.')
  return { ...(await import('../../dev/embedded-postgres.ts')), ...(await import('../../dev/supervised-postgres.ts')) }
}

/** Outside production a missing JWT_SECRET_KEY is made once and kept in DATA_DIR, so that sessions outlive a restart. */
export async function withSecret(config: Config): Promise<Config> {
  if (config.jwtSecretKey) return config
  const file = path.join(config.dataDir, 'jwt-secret')
  await mkdir(config.dataDir, { recursive: true })
  const fresh = randomBytes(48).toString('base64url')
  await writeFile(file, fresh, { mode: 0o600, flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  return { ...config, jwtSecretKey: (await readFile(file, 'utf8')).trim() }
}

/** For a process that has started and is to run for long: keeps what was compiled for the next start, then lets go of the rest. */
export function settle(): void {
  flushCompileCache() // which a process that is killed never does
  collectAfterStart()
}

/** For a command that does one thing and ends. */
export async function withContext<T>(config: Config, role: string, work: (ctx: Context) => Promise<T>): Promise<T> {
  const database = await openDatabase(config, true)
  // The default is meant for servers; what a command has to say, it prints.
  const logLevel = config.logLevel === 'info' ? 'warn' : config.logLevel
  const ctx = createContext(await withSecret({ ...config, logLevel }), { databaseUrl: database.url, role })
  try {
    return await work(ctx)
  } finally {
    await closeContext(ctx)
    await database.stop()
  }
}
