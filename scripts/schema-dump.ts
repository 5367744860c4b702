import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { startEmbeddedPostgres } from '../dev/embedded-postgres.ts'
import { Database } from '../src/platform/db.ts'
import { createLogger } from '../src/platform/logger.ts'
import { migrate } from '../src/platform/migrate.ts'

const FILE = path.resolve(import.meta.dirname, '../migrations/schema.sql')

/**
 * Compares migrations/schema.sql with what the migrations make. pg_dump and server come from the system's PostgreSQL
 * (the embedded one brings no pg_dump, and an older pg_dump refuses a newer server).
 *
 * @param write replaces the file instead
 * @returns what is wrong, or undefined
 */
export async function checkSchemaDump(write: boolean): Promise<string | undefined> {
  const binDir = spawnSync('pg_config', ['--bindir'], { encoding: 'utf8' }).stdout?.trim()
  if (!binDir) {
    return process.env.CI
      ? 'pg_config is not here; install the PostgreSQL server and client packages'
      : void console.log('       schema: not checked, as there is no pg_config here (CI checks it)')
  }
  const dataDir = await mkdtemp(path.join(tmpdir(), 'tasklog-schema-'))
  try {
    const dump = await dumpSchema(dataDir, binDir)
    if (write) return void (await writeFile(FILE, dump))
    const kept = await readFile(FILE, 'utf8').catch(() => '')
    return dump === kept
      ? undefined
      : 'migrations/schema.sql is not what the migrations make: npm run check -- schema --write'
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
}

async function dumpSchema(dataDir: string, binDir: string): Promise<string> {
  const postgres = await startEmbeddedPostgres({ dataDir, binDir, settings: { fsync: 'off' } })
  try {
    const log = createLogger('silent')
    const db = new Database({
      url: postgres.url,
      poolSize: 2,
      statementTimeoutMs: 60_000,
      applicationName: 'dump',
      log,
    })
    await migrate(db)
    await db.close()
    const args = ['--schema-only', '--no-owner', '--no-privileges', postgres.url]
    const { status, stdout, stderr } = spawnSync(path.join(binDir, 'pg_dump'), args, { encoding: 'utf8' })
    if (status !== 0) throw new Error(stderr)
    return normalise(stdout)
  } finally {
    await postgres.stop()
  }
}

/** Leaves out what differs from one pg_dump to the next: versions, session settings, comments. */
function normalise(dump: string): string {
  const lines = dump.split('\n').filter((line) => !/^(?:--|SET |SELECT pg_catalog\.set_config|\\)/.test(line))
  return `${lines
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim()}\n`
}
