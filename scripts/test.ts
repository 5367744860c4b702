import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { EventData } from 'node:test'
import { run } from 'node:test'
import { parseArgs } from 'node:util'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../dev/embedded-postgres.ts'
import { startRedis } from '../test/support/redis-server.ts'
import { findChromium } from '../test/support/system-program.ts'
import { buildTemplate, databaseUrl } from '../test/support/template.ts'
import { buildConsole } from './build-console.ts'
import { Report } from './test-report.ts'

/**
 * The test command: `npm test [-- files or folders] [--pg=15]`. Starts a PostgreSQL and a Redis for itself, makes the
 * template database, runs the tests and ends with a line `N passed, N failed`.
 */

/** FAULTS=long is the size of some tests that a release is measured by; nothing is told while one of them runs. */
const [TEST_MS, SILENCE_MS] = process.env.FAULTS === 'long' ? [3_600_000, 3_660_000] : [120_000, 180_000]
const root = path.resolve(import.meta.dirname, '..')
const { values, positionals } = parseArgs({ options: { pg: { type: 'string' } }, allowPositionals: true })
const cleanup: (() => Promise<void>)[] = []
const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupted.abort())

const report = new Report()
try {
  const files = findFiles()
  await buildConsole()
  if (files.some((file) => file.includes('/test/browser/'))) prepareBrowser()
  await startServers()
  await runFiles(files)
  interrupted.signal.throwIfAborted()
} catch (error) {
  report.broken(
    interrupted.signal.aborted ? new Error(`Interrupted, or nothing ended for ${SILENCE_MS / 1_000} s.`) : error,
  )
} finally {
  for (const step of cleanup.reverse()) await step().catch((error) => console.error(error))
}
process.exit(report.finish() ? 0 : 1)

function findFiles(): string[] {
  const patterns = positionals.length > 0 ? positionals : ['src', 'test']
  return [...new Set(patterns.flatMap(matching))].sort()
}

function matching(pattern: string): string[] {
  const isTest = (file: string) => file.endsWith('.test.ts')
  const found = globSync([pattern, `${pattern}/**/*.test.ts`], { cwd: root }).filter(isTest)
  // Otherwise a misspelt name beside a right one would look like a test that passed.
  if (found.length === 0) throw new Error(`No test file matches ${pattern}.`)
  return found.map((file) => path.resolve(root, file))
}

/** Once for all files, as two that install it at the same time would be in each other's way. */
function prepareBrowser(): void {
  try {
    findChromium()
  } catch {
    // Each of the files says so.
  }
}

async function startServers(): Promise<void> {
  const redis = await startRedis()
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

/** The embedded 18 unless another version is asked for, which must be the system's, or a folder of binaries. */
function binDir(): string | undefined {
  if (!values.pg || values.pg === '18') return undefined
  if (path.isAbsolute(values.pg)) return values.pg
  const folder = spawnSync('pg_config', ['--bindir'], { encoding: 'utf8' }).stdout?.trim()
  const version = spawnSync('pg_config', ['--version'], { encoding: 'utf8' }).stdout ?? ''
  if (!folder || !version.includes(` ${values.pg}.`)) throw new Error(`PostgreSQL ${values.pg} is not installed here.`)
  return folder
}

async function runFiles(files: string[]): Promise<void> {
  const { signal } = interrupted
  // Not with --test-force-exit: it ends a file's process before all of its outcomes are told, failures among them.
  const events = run({ files, isolation: 'process', concurrency: 2, timeout: TEST_MS, signal })
  // A file that leaves something open never ends.
  const silence = setTimeout(() => interrupted.abort(), SILENCE_MS)
  for await (const event of events) {
    silence.refresh()
    report.take(event.type, event.data as EventData.TestPass & EventData.TestFail)
  }
  clearTimeout(silence)
  if (!signal.aborted) report.mustHaveFinished(files)
}
