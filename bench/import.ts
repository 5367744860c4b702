import { execFileSync } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import type { ProcessContext } from '../src/platform/context.ts'
import { COPY_COLUMNS, copyText, PEOPLE, type Rows, rowOf, uploadText, writeText } from './import-files.ts'
import { importText, makePeople, type Outcome, run, textOf, withServers } from './import-servers.ts'
import { median } from './statistics.ts'
import { findProgram, withDatabase } from './support.ts'

/**
 * How long until every row of a file is a task, against `psql \copy` (where there is a psql) of the same rows into a table with
 * the same columns and indexes, in turns: `node scripts/launch.mjs bench/import.ts [--rows 1000000] [--rounds 3] [--bytes 40] [--keyed]`.
 * API and worker are processes of their own, whose peak memory is told; meanwhile a page of tasks is read twenty times a
 * second. `--bytes`: of each description. `--keyed`: rows have an external_id, so that each is looked for first; then, but for
 * `--only-new`, the file is imported again as it is, and again with every row changed.
 * `--row-by-row`: 20,000 rows the way of a first version as well, see `rowByRow`.
 * `--json`: the medians once more, for a program, in seconds.
 */
const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '3' },
    bytes: { type: 'string', default: '40' },
    keyed: { type: 'boolean', default: false },
    'only-new': { type: 'boolean', default: false },
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
  await withDatabase({ STATEMENT_TIMEOUT_MS: '600000' }, compare)
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function compare(ctx: ProcessContext): Promise<void> {
  await writeText(files.upload, uploadText(rows))
  await writeText(files.copy, copyText(rows))
  if (rows.keyed && !values['only-new']) await writeText(files.changed, uploadText({ ...rows, changed: true }))
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

/** `outcome`: what must come of every row. */
function stepsOf({ keyed }: Rows): { name: string; file: string; outcome: Outcome }[] {
  const first = { name: 'import', file: files.upload, outcome: 'created' } as const
  if (!keyed || values['only-new']) return [first]
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
