import { execFileSync } from 'node:child_process'
import { createReadStream, readFileSync } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { createApp } from '../src/app.ts'
import type { ProcessContext } from '../src/platform/context.ts'
import { type ServerProcess, startProcess, until } from '../test/support/process.ts'
import { COPY_COLUMNS, type ImportFiles, PEOPLE, writeFiles } from './import-files.ts'
import { median, percentile, withDatabase } from './support.ts'

/**
 * How long until every row of a file is a task, against `psql \copy` of the same rows into a table with the same columns
 * and indexes, in turns: `node scripts/launch.mjs bench/import.ts [--rows 1000000] [--rounds 3] [--bytes 40] [--keyed]`.
 * API and worker are processes of their own, whose peak memory is told; meanwhile a page of tasks is read twenty times a
 * second. `--keyed`: rows have an external_id, so that each is looked for first. `--bytes`: of each description.
 */
const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '3' },
    bytes: { type: 'string', default: '40' },
    keyed: { type: 'boolean', default: false },
    pg: { type: 'string' },
  },
})
const [rows, rounds, bytes] = [values.rows, values.rounds, values.bytes].map(Number) as [number, number, number]
const SECRET = 'a secret for benchmarks, which is not secret'

const folder = await mkdtemp(path.join(tmpdir(), 'tasklog-import-'))
const files = { upload: path.join(folder, 'upload.csv'), copy: path.join(folder, 'copy.csv') }
try {
  await writeFiles(files, rows, bytes, values.keyed)
  await withDatabase({ STATEMENT_TIMEOUT_MS: '600000' }, (ctx) => compare(ctx, files))
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function compare(ctx: ProcessContext, files: ImportFiles): Promise<void> {
  const { auth } = await createApp(ctx)
  await run(ctx, `insert into users (username, password_hash, role) values ('person_0', 'none', 'admin')`)
  const credentials = { id: 1, username: 'person_0', role: 'admin' as const, password_hash: 'none' }
  const client = { address: '127.0.0.1', userAgent: 'bench' }
  const { access_token: token } = await auth.openSession(ctx.db, credentials, client)
  await run(
    ctx,
    `insert into users (username, password_hash) select 'person_' || i, 'none' from generate_series(1, ${PEOPLE - 1}) i`,
  )
  const times: Record<'copy' | 'import', number[]> = { copy: [], import: [] }
  const megabytes = Math.round((await stat(files.upload)).size / 1e6)
  console.log(`${rows} rows, ${megabytes} MB${values.keyed ? ', with keys' : ''}; seconds`)
  for (let round = 0; round < rounds; round++) {
    times.copy.push(await copy(ctx, files.copy))
    const result = await importFile(ctx, token, files.upload)
    times.import.push(result.seconds)
    console.log(
      `round ${round + 1}: \\copy ${times.copy.at(-1)?.toFixed(1)}, import ${result.seconds.toFixed(1)} ` +
        `(202 after ${result.accepted.toFixed(1)}); API ${result.api} MB, worker ${result.worker} MB; ` +
        `other requests p50 ${result.p50.toFixed(0)} ms, p99 ${result.p99.toFixed(0)} ms`,
    )
  }
  const ratio = median(times.import) / median(times.copy)
  console.log(
    `median: \\copy ${median(times.copy).toFixed(1)}, import ${median(times.import).toFixed(1)}, ratio ${ratio.toFixed(2)}`,
  )
}

/** Everything the tasks have, but for triggers and foreign keys. */
async function copy(ctx: ProcessContext, file: string): Promise<number> {
  await run(ctx, 'create table copied (like tasks including all)')
  await run(ctx, 'checkpoint')
  const started = performance.now()
  const psql = path.join(execFileSync('pg_config', ['--bindir'], { encoding: 'utf8' }).trim(), 'psql')
  const null_ = values.keyed ? '' : `, null ''`
  const command = `\\copy copied (${COPY_COLUMNS}) from '${file}' with (format csv${null_})`
  execFileSync(psql, [ctx.config.databaseUrl ?? '', '-q', '-v', 'ON_ERROR_STOP=1', '-c', command], { stdio: 'pipe' })
  const seconds = (performance.now() - started) / 1_000
  await run(ctx, 'drop table copied')
  return seconds
}

async function importFile(ctx: ProcessContext, token: string, file: string) {
  const env = { DATABASE_URL: ctx.config.databaseUrl ?? '', JWT_SECRET_KEY: SECRET, RATE_LIMIT_USER: '1000000/60' }
  await run(ctx, 'truncate tasks, task_versions')
  await run(ctx, 'checkpoint')
  const api = await startProcess(['serve'], env)
  const worker = await startProcess(['worker'], env)
  await Promise.all([api.wrote(/Tasklog is ready/), worker.wrote(/worker is ready/)])
  try {
    const others = readMeanwhile(api, token)
    const started = performance.now()
    const seconds = () => (performance.now() - started) / 1_000
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'text/csv' }
    const body = ReadableStream.from(createReadStream(file))
    const init = { method: 'POST', headers, body, duplex: 'half' } as RequestInit
    const answer = await fetch(`${api.base}/api/v1/imports?again=true`, init)
    const { id } = (await answer.json()) as { id: number }
    if (answer.status !== 202) throw new Error(`the upload was answered ${answer.status}`)
    const accepted = seconds()
    const look = async () =>
      (await (await fetch(`${api.base}/api/v1/imports/${id}`, { headers })).json()) as {
        state: string
        created: number
      }
    await until(async () => ['done', 'failed'].includes((await look()).state), 3_600_000)
    const ended = seconds()
    const { state, created } = await look()
    if (state !== 'done' || created !== rows) throw new Error(`the import is ${state}, with ${created} tasks`)
    const latencies = await others.end()
    const memory = { api: peakMegabytes(api), worker: peakMegabytes(worker) }
    return { seconds: ended, accepted, ...memory, p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) }
  } finally {
    for (const server of [api, worker]) {
      server.kill('SIGKILL')
      await server.ended()
    }
  }
}

function readMeanwhile({ base }: ServerProcess, token: string) {
  const latencies: number[] = []
  let isOver = false
  const reading = (async () => {
    while (!isOver) {
      const started = performance.now()
      await (await fetch(`${base}/api/v1/tasks`, { headers: { authorization: `Bearer ${token}` } })).arrayBuffer()
      latencies.push(performance.now() - started)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  })()
  return {
    async end() {
      isOver = true
      await reading
      return latencies
    },
  }
}

function peakMegabytes({ child }: ServerProcess): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1_024)
}

async function run(ctx: ProcessContext, text: string): Promise<void> {
  await ctx.db.query({ text })
}
