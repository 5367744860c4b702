import { createReadStream } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import type { ProcessContext } from '../src/platform/context.ts'
import { until } from '../test/support/process.ts'
import { uploadText } from './import-files.ts'
import { importText, makePeople, run, type Servers, textOf, withServers } from './import-servers.ts'
import { writeWorkbook } from './import-workbook.ts'
import { memoryText, watchMemory } from './process-memory.ts'
import { withDatabase } from './support.ts'

/**
 * The peak memory of API and worker, and the time, for the same number of rows as CSV, as CSV of 1 kB a row (made while they
 * are sent) and as a workbook, each with an empty table and processes that have just started; then all of the last are
 * exported in each format, and the import is taken back:
 * `node scripts/launch.mjs bench/import-memory.ts [--rows 1000000] [--only csv,gigabyte,workbook,export,undo]`.
 */
const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    only: { type: 'string', default: 'csv,gigabyte,workbook,export,undo' },
    pg: { type: 'string' },
  },
})
const count = Number(values.rows)
const parts = new Set(values.only.split(','))
const folder = await mkdtemp(path.join(tmpdir(), 'tasklog-import-'))
try {
  await withDatabase({ STATEMENT_TIMEOUT_MS: '600000' }, measure)
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function measure(ctx: ProcessContext): Promise<void> {
  const token = await makePeople(ctx)
  const rows = { count, bytes: 40, keyed: false }
  if (parts.has('csv')) await upload(ctx, token, 'CSV', uploadText(rows))
  if (parts.has('gigabyte')) await upload(ctx, token, 'CSV, 1 kB a row', uploadText({ ...rows, bytes: 930 }))
  if (parts.has('workbook')) {
    const file = path.join(folder, 'tasks.xlsx')
    await writeWorkbook(file, rows)
    console.log(`the workbook has ${megabytes((await stat(file)).size)}`)
    await upload(ctx, token, 'workbook', createReadStream(file))
  }
  for (const format of parts.has('export') ? ['csv', 'ndjson', 'xlsx'] : []) {
    await withServers(ctx, (servers) => exportAll(servers, token, format))
  }
  if (parts.has('undo')) await withServers(ctx, (servers) => takeBack(ctx, servers, token))
}

async function upload(ctx: ProcessContext, token: string, name: string, text: Parameters<typeof importText>[2]) {
  await run(ctx, 'truncate tasks, task_versions, former_words')
  await run(ctx, 'checkpoint')
  await withServers(ctx, async (servers) => {
    const result = await importText(servers, token, text, 'created')
    console.log(`${name}, ${count} rows, ${megabytes(result.bytes)}: ${textOf(result)}`)
  })
}

async function exportAll({ api }: Servers, token: string, format: string): Promise<void> {
  const memory = watchMemory(api)
  const started = performance.now()
  const answer = await fetch(`${api.base}/api/v1/tasks.${format}`, { headers: { authorization: `Bearer ${token}` } })
  let bytes = 0
  for await (const chunk of answer.body ?? []) bytes += chunk.length
  const seconds = (performance.now() - started) / 1_000
  const rate = `${Math.round(count / seconds)} rows/s`
  console.log(`export ${format}: ${seconds.toFixed(1)} s, ${rate}, ${megabytes(bytes)}; ${memoryText('API', memory())}`)
}

async function takeBack(ctx: ProcessContext, { api, worker }: Servers, token: string): Promise<void> {
  const { rows } = await ctx.db.query<{ id: number }>({
    text: `select max(id) as id from imports where state = 'done'`,
  })
  const url = `${api.base}/api/v1/imports/${rows[0]?.id}`
  const ask = async (method: string, path = '') => {
    const answer = await fetch(`${url}${path}`, { method, headers: { authorization: `Bearer ${token}` } })
    return (await answer.json()) as { state: string; undone_removed: number }
  }
  const memory = watchMemory(worker)
  const started = performance.now()
  await ask('POST', '/undo?dry_run=true')
  const planned = performance.now()
  await ask('POST', '/undo')
  await until(async () => (await ask('GET')).state === 'undone', 3_600_000)
  const seconds = (performance.now() - planned) / 1_000
  const plan = `${((planned - started) / 1_000).toFixed(1)} s to plan`
  console.log(`undo: ${plan}, ${seconds.toFixed(1)} s to do; ${memoryText('worker', memory())}`)
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`
}
