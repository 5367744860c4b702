import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { CleanupStack, type Person, startApp, type TestApp } from '../support/app.ts'
import { assertProblem } from '../support/problem.ts'
import { textRow, workbook } from '../support/workbook.ts'

const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'
const KIB = 1024
const ROOM = 1024 * KIB

describe('a workbook for which there is no room', () => {
  const cleanup = new CleanupStack()
  let app: TestApp
  let admin: Person
  let small: Buffer

  before(async () => {
    app = await startApp(cleanup)
    admin = await app.person('admin', 'admin')
    small = await workbook({ sheets: { Tasks: textRow(1, ['title']) + textRow(2, ['Small']) } })
  })
  after(() => cleanup.run())

  const send = (payload: Buffer, type = XLSX) =>
    app.send('POST', '/api/v1/imports?again=true', { as: admin, payload, headers: { 'content-type': type } })

  const contents = async () =>
    (
      await app.ctx.db.query({
        text: `select (select count(*) from imports) as imports,
                      (select count(*) from pg_tables where schemaname = 'import_staging') as staging`,
      })
    ).rows

  async function assertRefused(file: Buffer): Promise<void> {
    const before = await contents()
    assertProblem(await send(file), 507, 'STORAGE_FULL')
    assert.deepEqual(await contents(), before)
  }

  test('where the folder is not there is refused, and a CSV file is not', async (t) => {
    setFolder(t, path.join(tmpdir(), 'tasklog-nowhere'))
    await assertRefused(small)
    assert.equal((await send(Buffer.from('title\nOne\n'), 'text/csv')).status, 202)
  })

  const limits = { 'on a disk of that size': mountSmallDisk, 'where no file may be larger': limitFiles }
  for (const [where, limit] of Object.entries(limits)) {
    test(`${where} is refused when its file is too large`, async (t) => {
      if (!(await limit(t))) return t.skip('this takes rights that are not given here')
      const noise = Array.from({ length: 200 }, (_, i) => textRow(i + 2, [randomBytes(6 * KIB).toString('base64')]))
      const file = await workbook({ sheets: { Tasks: textRow(1, ['title']) + noise.join('') } })
      assert.ok(file.length > ROOM)
      await assertRefused(file)
      assert.equal((await send(small)).status, 202)
    })

    for (const [which, texts] of Object.entries({ 'by far': 3 * ROOM, 'by the last of them': ROOM + 48 * KIB })) {
      test(`${where} is refused when its texts are too large ${which}`, async (t) => {
        if (!(await limit(t))) return t.skip('this takes rights that are not given here')
        const strings = ['title', ...Array.from({ length: texts / KIB }, (_, i) => `${i} `.padEnd(KIB - 3, '.'))]
        const cell = (row: number, index: number) => `<row r="${row}"><c t="s"><v>${index}</v></c></row>`
        const sheets = { Tasks: cell(1, 0) + cell(2, strings.length - 1) }
        const file = await workbook({ sheets, strings: strings.map((text) => `<t>${text}</t>`) })
        assert.ok(file.length < 40 * KIB)
        await assertRefused(file)
        assert.equal((await send(small)).status, 202)
      })
    }
  }
})

function setFolder(t: TestContext, folder: string): void {
  const { TMPDIR } = process.env
  process.env.TMPDIR = folder
  t.after(() => {
    if (TMPDIR === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = TMPDIR
  })
}

/** A write past the end of the room takes the beginning, and the next one fails: ENOSPC. @returns whether that can be done here */
async function mountSmallDisk(t: TestContext): Promise<boolean> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tasklog-small-'))
  let isMounted = false
  t.after(async () => {
    if (isMounted) execFileSync('umount', [folder]) // refused while a file there is still open
    await rm(folder, { recursive: true })
  })
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${ROOM}`, 'tmpfs', folder], { stdio: 'ignore' })
  } catch {
    return false
  }
  isMounted = true
  setFolder(t, folder)
  return true
}

/** The same for each file that this process writes: EFBIG. */
async function limitFiles(t: TestContext): Promise<boolean> {
  const limit = (size: string) =>
    execFileSync('prlimit', [`--pid=${process.pid}`, `--fsize=${size}:`], { stdio: 'ignore' })
  try {
    limit(String(ROOM))
  } catch {
    return false
  }
  t.after(() => limit('unlimited'))
  return true
}
