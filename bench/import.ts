import { execFileSync } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { createApp } from '../src/app.ts'
import type { ProcessContext } from '../src/platform/context.ts'
import { type ServerProcess, startProcess, until } from '../test/support/process.ts'
import { COPY_COLUMNS, copyText, PEOPLE, type Rows, rowOf, uploadText, writeText } from './import-files.ts'
import { memoryText, watchMemory } from './process-memory.ts'
import { median, percentile } from './statistics.ts'
import { findProgram, SECRET, withDatabase } from './support.ts'

/**
 * How long until every row of a file is a task, against `psql \copy` (where there is a psql) of the same rows into a table with
 * the same columns and indexes, in turns: `node scripts/launch.mjs bench/import.ts [--rows 1000000] [--rounds 3] [--bytes 40] [--keyed]`.
 * API and worker are processes of their own, whose peak memory is told; meanwhile a page of tasks is read twenty times a
 * second. `--bytes`: of each description. `--keyed`: rows have an external_id, so that each is looked for first; then the
 * file is imported again as it is, and again with every row changed. `--gigabyte`: a million rows of 1 kB instead, made
 * while they are sent. `--row-by-row`: 20,000 rows the way of a first version as well, see `rowByRow`.
 * `--json`: the medians once more, for a program, in seconds.
 */
const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '3' },
    bytes: { type: 'string', default: '40' },
    keyed: { type: 'boolean', default: false },
    gigabyte: { type: 'boolean', default: false },
    'row-by-row': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    pg: { type: 'string' },
  },
})
const rows: Rows = { count: Number(values.rows), bytes: Number(values.bytes), keyed: values.keyed }

const folder = await mkdtemp(path.join(tmpdir(), 'tasklog-import-'))
const inFolder = (name: string) => path.join(folder, name)
const files = { upload: inFolder('upload.csv'), changed: inFolder('changed.csv'), copy: inFolder('copy.csv') }
try {
  await withDatabase({ STATEMENT_TIMEOUT_MS: '600000' }, values.gigabyte ? importGigabyte : compare)
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function importGigabyte(ctx: ProcessContext): Promise<void> {
  const token = await makePeople(ctx)
  await withServers(ctx, async (servers) => {
    const made = { count: 1_000_000, bytes: 930, keyed: false }
    const result = await importText(servers, token, uploadText(made), 'created')
    console.log(`${made.count} rows, ${Math.round(result.bytes / 1e6)} MB: ${textOf(result)}`)
  })
}

async function compare(ctx: ProcessContext): Promise<void> {
  await writeText(files.upload, uploadText(rows))
  await writeText(files.copy, copyText(rows))
  if (rows.keyed) await writeText(files.changed, uploadText({ ...rows, changed: true }))
  const token = await makePeople(ctx)
  const times: Record<string, number[]> = {}
  const note = (name: string, seconds: number) => {
    times[name] = [...(times[name] ?? []), seconds]
  }
  const megabytes = Math.round((await stat(files.upload)).size / 1e6)
  console.log(`${rows.count} rows, ${megabytes} MB${rows.keyed ? ', with keys' : ''}; seconds`)
  const psql = findProgram('psql')
  if (!psql) console.log('there is no psql here, so nothing to compare with')
  for (let round = 1; round <= Number(values.rounds); round++) {
    if (psql) {
      const seconds = await copy(ctx, psql, files.copy)
      note('\\copy', seconds)
      console.log(`round ${round}: \\copy ${seconds.toFixed(1)}`)
    }
    await run(ctx, 'truncate tasks, task_versions')
    for (const { name, file, outcome } of stepsOf(rows)) {
      await run(ctx, 'checkpoint')
      await withServers(ctx, async (servers) => {
        const result = await importText(servers, token, createReadStream(file), outcome)
        note(name, result.seconds)
        console.log(`round ${round}: ${name} ${textOf(result)}`)
      })
    }
    if (values['row-by-row']) note('row by row', await rowByRow(ctx, 20_000))
  }
  tellMedians(times)
  const copied = times['\\copy'] && median(times['\\copy'])
  if (values.json) console.log(JSON.stringify({ copy: copied, imported: median(times.import ?? []) }))
}

type Outcome = 'created' | 'unchanged' | 'updated'

/** `outcome`: what must come of every row. */
function stepsOf({ keyed }: Rows): { name: string; file: string; outcome: Outcome }[] {
  const first = { name: 'import', file: files.upload, outcome: 'created' } as const
  if (!keyed) return [first]
  const again = { name: 'all unchanged', file: files.upload, outcome: 'unchanged' } as const
  return [first, again, { name: 'all changed', file: files.changed, outcome: 'updated' }]
}

function tellMedians({ 'row by row': rates, ...times }: Record<string, number[]>): void {
  const limit = times['\\copy']
  for (const [name, seconds] of Object.entries(times)) {
    const ratio = limit ? `, ${(median(seconds) / median(limit)).toFixed(2)} of \\copy` : ''
    console.log(`median: ${name} ${median(seconds).toFixed(1)} s${ratio}`)
  }
  if (!rates) return
  const perSecond = rows.count / median(times.import ?? [])
  const ratio = perSecond / median(rates)
  console.log(
    `median: row by row ${median(rates).toFixed(0)} rows/s, import ${perSecond.toFixed(0)}: ${ratio.toFixed(0)} times`,
  )
}

/** @returns an administrator's access token */
async function makePeople(ctx: ProcessContext): Promise<string> {
  const { auth } = await createApp(ctx)
  await run(ctx, `insert into users (username, password_hash, role) values ('person_0', 'none', 'admin')`)
  const credentials = { id: 1, username: 'person_0', role: 'admin' as const, password_hash: 'none' }
  const client = { address: '127.0.0.1', userAgent: 'bench' }
  const { access_token } = await auth.openSession(ctx.db, credentials, client)
  await run(
    ctx,
    `insert into users (username, password_hash) select 'person_' || i, 'none' from generate_series(1, ${PEOPLE - 1}) i`,
  )
  return access_token
}

/** Everything the tasks have, but for triggers and foreign keys. */
async function copy(ctx: ProcessContext, psql: string, file: string): Promise<number> {
  await run(ctx, 'create table copied (like tasks including all)')
  await run(ctx, 'checkpoint')
  const started = performance.now()
  const null_ = rows.keyed ? '' : `, null ''`
  const command = `\\copy copied (${COPY_COLUMNS}) from '${file}' with (format csv${null_})`
  execFileSync(psql, [ctx.config.databaseUrl ?? '', '-q', '-v', 'ON_ERROR_STOP=1', '-c', command], { stdio: 'pipe' })
  const seconds = (performance.now() - started) / 1_000
  await run(ctx, 'drop table copied')
  return seconds
}

/**
 * What a first version does with an ORM: for each row it looks for the user, inserts the row and waits for it to be written
 * (`session.flush()`), with one commit at the end. Here over a plain driver, so without the time of the ORM itself, which is
 * most of it there; into a table with the same columns and indexes.
 *
 * @returns rows a second
 */
async function rowByRow(ctx: ProcessContext, count: number): Promise<number> {
  await run(ctx, 'create table inserted (like tasks including all)')
  const client = new pg.Client({ connectionString: ctx.config.databaseUrl })
  await client.connect()
  const started = performance.now()
  await client.query('begin')
  for (let i = 0; i < count; i++) {
    const { title, description, priority, day } = rowOf(i, rows)
    const { rows: found } = await client.query('select id from users where username = $1', [`person_${i % PEOPLE}`])
    const status = i % 3 ? 'active' : 'inactive'
    await client.query(
      `insert into inserted (project_id, title, description, status, priority, assigned_user_id, created_by, created_at,
                             updated_at, valid_from, changed_by) values (1, $1, $2, $3, $4, $5, 1, $6, $6, $6, 1) returning id`,
      [title, description, status, priority, found[0].id, day],
    )
  }
  await client.query('commit')
  const perSecond = count / ((performance.now() - started) / 1_000)
  await client.end()
  await run(ctx, 'drop table inserted')
  return perSecond
}

interface Servers {
  api: ServerProcess
  worker: ServerProcess
}

async function withServers(ctx: ProcessContext, work: (servers: Servers) => Promise<void>): Promise<void> {
  const env = { DATABASE_URL: ctx.config.databaseUrl ?? '', JWT_SECRET_KEY: SECRET, RATE_LIMIT_USER: '1000000/60' }
  const servers = { api: await startProcess(['serve'], env), worker: await startProcess(['worker'], env) }
  try {
    await Promise.all([servers.api.wrote(/Tasklog is ready/), servers.worker.wrote(/worker is ready/)])
    await work(servers)
  } finally {
    for (const server of Object.values(servers)) {
      server.kill('SIGKILL')
      await server.ended()
    }
  }
}

type Imported = Awaited<ReturnType<typeof importText>>

async function importText(
  { api, worker }: Servers,
  token: string,
  text: Iterable<string> | AsyncIterable<Buffer>,
  outcome: Outcome,
) {
  const memory = { api: watchMemory(api), worker: watchMemory(worker) }
  const others = readMeanwhile(api, token)
  const started = performance.now()
  const seconds = () => (performance.now() - started) / 1_000
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'text/csv' }
  const init = { method: 'POST', headers, body: ReadableStream.from(buffers(text)), duplex: 'half' } as RequestInit
  const answer = await fetch(`${api.base}/api/v1/imports?again=true`, init)
  const { id } = (await answer.json()) as { id: number }
  if (answer.status !== 202) throw new Error(`the upload was answered ${answer.status}`)
  const accepted = seconds()
  const look = async () =>
    (await (await fetch(`${api.base}/api/v1/imports/${id}`, { headers })).json()) as Record<string, number> & {
      state: string
    }
  await until(async () => ['done', 'failed'].includes((await look()).state), 3_600_000)
  const ended = seconds()
  const { state, rows, bytes, ...counts } = await look()
  if (state !== 'done' || counts[outcome] !== rows)
    throw new Error(`the import is ${state}, with ${counts[outcome]} of ${rows} rows ${outcome}`)
  const latencies = await others.end()
  const [p50, p99] = [percentile(latencies, 0.5), percentile(latencies, 0.99)]
  return { seconds: ended, accepted, bytes: bytes ?? 0, api: memory.api(), worker: memory.worker(), p50, p99 }
}

async function* buffers(text: Iterable<string> | AsyncIterable<Buffer>): AsyncGenerator<Uint8Array> {
  for await (const piece of text) yield Buffer.from(piece)
}

function textOf({ seconds, accepted, api, worker, p50, p99 }: Imported): string {
  const memory = `${memoryText('API', api)}, ${memoryText('worker', worker)}`
  const others = `other requests p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms`
  return `${seconds.toFixed(1)} (202 after ${accepted.toFixed(1)}); ${memory}; ${others}`
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

async function run(ctx: ProcessContext, text: string): Promise<void> {
  await ctx.db.query({ text })
}
