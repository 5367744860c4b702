import { execFileSync } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import type { ProcessContext } from '../src/platform/context.ts'
import { COPY_COLUMNS, copyText, type Rows, uploadText, writeText } from './import-files.ts'
import { findPython, insertByOrm, insertRows, withTable } from './import-rows.ts'
import { importText, makePeople, type Outcome, run, textOf, withServers } from './import-servers.ts'
import { median } from './statistics.ts'
import { findProgram, withDatabase } from './support.ts'

/**
 * How long until every row of a file is a task, against `psql \copy` (where there is a psql) of the same rows into a table with
 * the same columns and indexes, in turns: `node scripts/launch.mjs bench/import.ts [--rows 1000000] [--rounds 3] [--bytes 40] [--keyed]`.
 * API and worker are processes of their own, whose peak memory is told; meanwhile a page of tasks is read twenty times a
 * second. `--bytes`: of each description. `--keyed`: rows have an external_id, so that each is looked for first; then, but for
 * `--only-new`, the file is imported again as it is, and again with every row changed.
 * `--orm`: rows one by one as well, the way of a first version: by SQLAlchemy, where there is a Python that has it, with one
 * commit at the end and with one for each row; into a table with the same columns and indexes. `--row-by-row`: by the plain driver.
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
    orm: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    pg: { type: 'string' },
  },
})
/** How many are inserted one by one. */
const FEW = 5_000
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
  const rates: Record<string, number[]> = {}
  const note = (name: string, value: number, notes = times) => {
    notes[name] = [...(notes[name] ?? []), value]
  }
  const megabytes = Math.round((await stat(files.upload)).size / 1e6)
  console.log(`${rows.count} rows, ${megabytes} MB${rows.keyed ? ', with keys' : ''}; seconds`)
  const psql = findProgram('psql')
  if (!psql) console.log('there is no psql here, so nothing to compare with')
  const python = values.orm ? findPython() : undefined
  if (values.orm && !python) console.log('no Python here has sqlalchemy and psycopg2, so no ORM is measured')
  for (let round = 1; round <= Number(values.rounds); round++) {
    if (psql) {
      const seconds = await copy(ctx, psql, files.copy)
      note('\\copy', seconds)
      console.log(`round ${round}: \\copy ${seconds.toFixed(1)}`)
    }
    await run(ctx, 'truncate tasks, task_versions, former_words')
    for (const { name, file, outcome } of stepsOf(rows)) {
      await run(ctx, 'checkpoint')
      await withServers(ctx, async (servers) => {
        const result = await importText(servers, token, createReadStream(file), outcome)
        note(name, result.seconds)
        console.log(`round ${round}: ${name} ${textOf(result)}`)
      })
    }
    for (const [way, insert] of Object.entries(oneByOne(ctx, python))) {
      const rate = await insert()
      note(way, rate, rates)
      console.log(`round ${round}: by ${way} ${rate.toFixed(0)} rows/s`)
    }
  }
  tellMedians(times, rates)
  const copied = times['\\copy'] && median(times['\\copy'])
  if (values.json) console.log(JSON.stringify({ copy: copied, imported: median(times.import ?? []) }))
}

/** Ways that take rows one by one. */
function oneByOne(ctx: ProcessContext, python: string | undefined): Record<string, () => Promise<number>> {
  const byOrm = (commit: 'each' | 'end') => () => insertByOrm(ctx, python as string, files.upload, FEW, commit)
  return {
    ...(values['row-by-row'] && { 'the driver': () => insertRows(ctx, rows, FEW) }),
    ...(python && { 'the ORM, one commit': byOrm('end'), 'the ORM, a commit each': byOrm('each') }),
  }
}

/** `outcome`: what must come of every row. */
function stepsOf({ keyed }: Rows): { name: string; file: string; outcome: Outcome }[] {
  const first = { name: 'import', file: files.upload, outcome: 'created' } as const
  if (!keyed || values['only-new']) return [first]
  const again = { name: 'all unchanged', file: files.upload, outcome: 'unchanged' } as const
  return [first, again, { name: 'all changed', file: files.changed, outcome: 'updated' }]
}

function tellMedians(times: Record<string, number[]>, rates: Record<string, number[]>): void {
  const limit = times['\\copy']
  for (const [name, seconds] of Object.entries(times)) {
    const ratio = limit ? `, ${(median(seconds) / median(limit)).toFixed(2)} of \\copy` : ''
    console.log(`median: ${name} ${median(seconds).toFixed(1)} s${ratio}`)
  }
  const perSecond = rows.count / median(times.import ?? [])
  for (const [name, each] of Object.entries(rates)) {
    const ratio = (perSecond / median(each)).toFixed(0)
    console.log(`median: by ${name} ${median(each).toFixed(0)} rows/s, import ${perSecond.toFixed(0)}: ${ratio} times`)
  }
}

/** @returns seconds */
function copy(ctx: ProcessContext, psql: string, file: string): Promise<number> {
  return withTable(ctx, 'copied', async () => {
    const started = performance.now()
    const null_ = rows.keyed ? '' : `, null ''`
    const command = `\\copy copied (${COPY_COLUMNS}) from '${file}' with (format csv${null_})`
    execFileSync(psql, [ctx.config.databaseUrl ?? '', '-q', '-v', 'ON_ERROR_STOP=1', '-c', command], { stdio: 'pipe' })
    return (performance.now() - started) / 1_000
  })
}
