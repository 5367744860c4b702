import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { EventData } from 'node:test'
import { run } from 'node:test'
import { parseArgs } from 'node:util'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../dev/embedded-postgres.ts'
import { type RedisServer, startRedis } from '../test/support/redis-server.ts'
import { buildTemplate, databaseUrl } from '../test/support/template.ts'
import { Report } from './test-report.ts'

/**
 * The test command: `npm test [-- files] [--pg=15]`. Starts a PostgreSQL and a Redis for itself, makes the template
 * database, runs the tests and ends with a line `N passed, N failed`.
 */

const SILENCE_MS = 180_000
const root = path.resolve(import.meta.dirname, '..')
const { values, positionals } = parseArgs({ options: { pg: { type: 'string' } }, allowPositionals: true })
const cleanup: (() => Promise<void>)[] = []
const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort())

const report = new Report()
try {
  const files = findFiles()
  await startServers()
  await runFiles(files)
} catch (error) {
  report.broken(error)
} finally {
  for (const step of cleanup.reverse()) await step().catch((error) => console.error(error))
}
// Tests that shared this process may have left something open.
process.exit(report.finish() ? 0 : 1)

function findFiles(): string[] {
  const patterns = positionals.length > 0 ? positionals : ['src/**/*.test.ts', 'test/**/*.test.ts']
  const files = globSync(patterns, { cwd: root }).map((file) => path.resolve(root, file))
  return [...new Set(files)].sort()
}

async function startServers(): Promise<void> {
  const redis: RedisServer = await startRedis()
  cleanup.push(() => redis.stop())
  const adminUrl = process.env.TEST_DATABASE_URL ?? databaseUrl((await startPostgres()).url, 'postgres')
  await buildTemplate(adminUrl)
  process.env.TEST_POSTGRES_URL = adminUrl
  process.env.TEST_REDIS_URL = redis.url
  process.env.TEST_POSTGRES_BIN = binDir() ?? ''
}

async function startPostgres(): Promise<EmbeddedPostgres> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'tasklog-test-'))
  await chmod(dataDir, 0o711) // PostgreSQL may have to run as somebody else
  cleanup.push(() => rm(dataDir, { recursive: true, force: true }))
  // What tests promise about durability they test on a server of their own.
  const settings = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', max_connections: '200' }
  const postgres = await startEmbeddedPostgres({ dataDir, settings, binDir: binDir() })
  cleanup.push(() => postgres.stop('immediate'))
  return postgres
}

/** The system's PostgreSQL when a version is asked for; it must be that one. */
function binDir(): string | undefined {
  if (!values.pg) return undefined
  const folder = spawnSync('pg_config', ['--bindir'], { encoding: 'utf8' }).stdout?.trim()
  const version = spawnSync('pg_config', ['--version'], { encoding: 'utf8' }).stdout ?? ''
  if (!folder || !version.includes(` ${values.pg}.`)) throw new Error(`PostgreSQL ${values.pg} is not installed here.`)
  return folder
}

async function runFiles(files: string[]): Promise<void> {
  const { signal } = interrupted
  const events = run({ files, isolation: 'process', concurrency: 2, timeout: 120_000, signal })
  // A file that leaves something open never ends. (--test-force-exit would end it, and lose results on their way.)
  const silence = setTimeout(() => {
    report.broken(new Error(`Nothing has ended for ${SILENCE_MS / 1_000} s; a test file leaves something open.`))
    interrupted.abort()
  }, SILENCE_MS)
  for await (const event of events) {
    silence.refresh()
    report.take(event.type, event.data as EventData.TestPass & EventData.TestFail)
  }
  clearTimeout(silence)
}
