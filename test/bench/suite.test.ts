import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { findProgram } from '../../bench/support.ts'

const SUITE = path.resolve(import.meta.dirname, '../../bench/suite.ts')
const WORKLOADS = ['cached list', 'uncached list', 'one task', 'create', 'patch', 'login', 'mixed 90/10', 'import']

test('the benchmark measures every workload and writes table and chart between what people wrote', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'tasklog-suite-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const file = path.join(folder, 'performance.md')
  await writeFile(file, '# Before\n<!-- written by `npm run bench` -->\nold\n<!-- end -->\nAfter\n')
  const sizes = ['--tasks=300', '--rows=300', '--rounds=1', '--seconds=1', '--connections=2', `--out=${folder}`]
  await promisify(execFile)(process.execPath, [SUITE, ...sizes])
  const page = await readFile(file, 'utf8')
  assert.match(page, /^# Before\n/)
  assert.match(page, /\nAfter\n$/)
  assert.doesNotMatch(page, /\nold\n|NaN|undefined|Infinity/)
  const rows = page
    .split('\n')
    .flatMap((line) => (line.startsWith('| ') ? [line.split('|').map((cell) => cell.trim())] : []))
  assert.deepEqual(
    rows.slice(1).map(([, name]) => name),
    WORKLOADS,
  )
  const hasPgbench = findProgram('pgbench') !== undefined
  for (const [, name = '', rate, times, limit, limitRate, share] of rows.slice(1)) {
    assert.match(rate ?? '', /^[1-9][\d,]*$/, `${name}: ${rate} a second`)
    if (name !== 'import') assert.match(times ?? '', /^[\d.]+, [\d.]+$/, name)
    const isLimited = hasPgbench || limit?.includes('pgbench') === false
    if (isLimited && limit !== '') assert.match(`${limitRate} ${share}`, /^[1-9][\d,]* \d+ %$/, name)
    if (hasPgbench) assert.notEqual(limit, '', name)
  }
  assert.match(page, /The mixed load at half of its rate, [\d,]+ requests a second.*p99 \*\*[\d.]+ ms\*\*/)
  const svg = await readFile(path.join(folder, 'performance.svg'), 'utf8')
  assert.equal(svg.match(/fill="#4878a8"/g)?.length, hasPgbench ? WORKLOADS.length : 3)
})
