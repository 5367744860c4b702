import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { startEmbeddedPostgres } from '../dev/embedded-postgres.ts'
import { loadConfig } from '../src/platform/config.ts'
import { closeContext, createContext, type ProcessContext } from '../src/platform/context.ts'
import { createLogger } from '../src/platform/logger.ts'
import { migrate } from '../src/platform/migrate.ts'

export const SECRET = 'a secret for benchmarks, which is not secret'

/**
 * Runs a benchmark on a migrated PostgreSQL of its own, with default durability; `--pg=15` takes the system's. What it
 * holds is gone in the end, unless `--keep=FOLDER` says where it stays for the next run.
 *
 * @param settings of postgresql.conf
 */
export async function withDatabase(
  env: Record<string, string>,
  work: (ctx: ProcessContext) => Promise<void>,
  settings: Record<string, string> = {},
): Promise<void> {
  const kept = argument('--keep=')
  const dataDir = kept ?? (await mkdtemp(path.join(tmpdir(), 'tasklog-bench-')))
  await mkdir(dataDir, { recursive: true })
  await chmod(dataDir, 0o711) // PostgreSQL may have to run as somebody else
  const postgres = await startEmbeddedPostgres({ dataDir, binDir: binDir(), settings })
  const config = loadConfig({
    DATABASE_URL: postgres.url,
    JWT_SECRET_KEY: SECRET,
    NODE_ENV: 'test',
    ...env,
  })
  const ctx = createContext(config, { databaseUrl: postgres.url, role: 'bench', log: createLogger('silent') })
  try {
    await migrate(ctx.db)
    await work(ctx)
  } finally {
    await closeContext(ctx)
    await postgres.stop()
    if (!kept) await rm(dataDir, { recursive: true, force: true })
  }
}

/** Where psql or pgbench is, or undefined: they come with PostgreSQL's own packages, not with the embedded binaries. */
export function findProgram(name: 'psql' | 'pgbench'): string | undefined {
  try {
    const file = path.join(systemBinDir(), name)
    return existsSync(file) ? file : undefined
  } catch {
    return undefined
  }
}

/** What follows `name=` on the command line. */
export const argument = (name: string): string | undefined =>
  process.argv.find((given) => given.startsWith(name))?.slice(name.length)

const binDir = (): string | undefined => (process.argv.includes('--pg=15') ? systemBinDir() : undefined)

const systemBinDir = (): string =>
  execFileSync('pg_config', ['--bindir'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
