import assert from 'node:assert/strict'
import { test } from 'node:test'
import { XLSX } from '../../src/platform/media-types.ts'
import { SECRET, startApp } from '../support/app.ts'
import { startProcess } from '../support/process.ts'
import { megabytesOf } from '../support/process-memory.ts'
import { workbook } from '../support/workbook.ts'

const ROWS = 150_000
/** Without collecting it grows by 140, with it by 60. */
const MOST_MB = 90

/** Rows with two texts of their own, which stand in a part behind the sheet. */
function largeWorkbook(): Promise<Buffer> {
  const texts = ['title', 'description']
  const row = (line: number, text: number) =>
    `<row r="${line}"><c r="A${line}" t="s"><v>${text}</v></c><c r="B${line}" t="s"><v>${text + 1}</v></c></row>`
  const rows = [row(1, 0)]
  for (let i = 0; i < ROWS; i++) {
    rows.push(row(i + 2, texts.length))
    texts.push(`Task ${i} of the list`, `Some words about task ${i}, and more of them`)
  }
  return workbook({ sheets: { Tasks: rows.join('') }, strings: texts.map((text) => `<t>${text}</t>`) })
}

const options = { skip: process.platform === 'linux' ? false : 'only Linux tells the peak of a process' }

test(`a process that reads a workbook of ${ROWS} rows grows by no more than ${MOST_MB} MB`, options, async (t) => {
  const app = await startApp(t)
  const { token } = await app.person('admin', 'admin')
  const env = { DATABASE_URL: app.databaseUrl, JWT_SECRET_KEY: SECRET }
  const api = await startProcess(['serve'], env)
  t.after(() => api.kill('SIGKILL'))
  await api.wrote(/Tasklog is ready/)
  const body = await largeWorkbook()
  const before = megabytesOf(api.child.pid, 'VmRSS')
  const headers = { authorization: `Bearer ${token}`, 'content-type': XLSX }
  const answer = await fetch(`${api.base}/api/v1/imports`, { method: 'POST', headers, body: new Uint8Array(body) })
  const { rows } = (await answer.json()) as { rows: number }
  assert.deepEqual([answer.status, rows], [202, ROWS])
  const more = megabytesOf(api.child.pid, 'VmHWM') - before
  assert.ok(more <= MOST_MB, `it grew by ${more} MB`)
})
