import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { startEmbeddedPostgres } from '../dev/embedded-postgres.ts'
import { loadConfig } from '../src/platform/config.ts'
import { type Context, closeContext, createContext } from '../src/platform/context.ts'
import { createLogger } from '../src/platform/logger.ts'
import { migrate } from '../src/platform/migrate.ts'

/** Runs a benchmark on a migrated PostgreSQL of its own, with default durability. */
export async function withDatabase(env: Record<string, string>, work: (ctx: Context) => Promise<void>): Promise<void> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'tasklog-bench-'))
  await chmod(dataDir, 0o711) // PostgreSQL may have to run as somebody else
  const postgres = await startEmbeddedPostgres({ dataDir })
  const config = loadConfig({
    DATABASE_URL: postgres.url,
    JWT_SECRET_KEY: 'a secret for benchmarks, which is not secret',
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
    await rm(dataDir, { recursive: true, force: true })
  }
}

export function median(numbers: number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0
}
