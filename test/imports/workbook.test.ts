import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type Answer, CleanupStack, multipart, type Person, startApp, type TestApp } from '../support/app.ts'
import { assertProblem } from '../support/problem.ts'
import { until } from '../support/process.ts'
import { textRow, type WorkbookParts, workbook, zip } from '../support/workbook.ts'

const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'
const LIMIT = 1_000_000

/** The archive with another size of a part in its central directory (APPNOTE 4.3.12), which is the one that is read. */
function sayingSize(archive: Buffer, part: string, which: 'packed' | 'unpacked', size: number): Buffer {
  const changed = Buffer.from(archive)
  const header = changed.lastIndexOf(part) - 46
  assert.equal(changed.readUInt32LE(header), 0x02014b50)
  changed.writeUInt32LE(size, header + (which === 'packed' ? 20 : 24))
  return changed
}

describe('a workbook', () => {
  const cleanup = new CleanupStack()
  let app: TestApp
  let admin: Person

  before(async () => {
    // Where nobody else leaves files.
    const folder = await mkdtemp(path.join(tmpdir(), 'tasklog-workbooks-'))
    cleanup.after(() => rm(folder, { recursive: true }))
    process.env.TMPDIR = folder
    app = await startApp(cleanup, {
      worker: true,
      env: { UPLOAD_LIMIT_BYTES: String(LIMIT), TIMEZONE: 'Europe/Vienna', RATE_LIMIT_UPLOAD: '100000/60' },
    })
    admin = await app.person('admin', 'admin')
  })
  after(() => cleanup.run())

  const send = (payload: Buffer, query = '') =>
    app.send('POST', `/api/v1/imports?again=true&${query}`, {
      as: admin,
      payload,
      headers: { 'content-type': XLSX },
    })

  async function done(answer: Answer): Promise<Answer['body']> {
    assert.equal(answer.status, 202, answer.text)
    const look = async () => (await app.send('GET', `/api/v1/imports/${answer.body.id}`, { as: admin })).body
    await until(async () => ['done', 'failed'].includes((await look()).state), 20_000)
    return look()
  }

  const tasksOf = async ({ id }: { id: number }) =>
    (
      await app.ctx.db.query<Record<string, unknown>>({
        text: `select title, description, status, priority, labels, due_date::text, external_id, created_at
                 from tasks where import_id = $1 order by id`,
        values: [id],
      })
    ).rows

  const errorsOf = async ({ id }: { id: number }) =>
    (await app.send('GET', `/api/v1/imports/${id}/errors?limit=100`, { as: admin })).body.items

  async function assertRefused(file: Buffer, says: RegExp, { status = 422, reason = 'BAD_WORKBOOK', query = '' } = {}) {
    const answer = await send(file, query)
    assert.equal(answer.status, status, answer.text)
    assert.match(answer.body.detail, says)
    if (status === 422) assert.deepEqual([answer.body.code, answer.body.reason], ['INVALID_CSV', reason])
    assert.deepEqual(await readdir(tmpdir()), [])
  }

  const oneSheet = (rows: string, more: WorkbookParts = {}) => workbook({ sheets: { Tasks: rows }, ...more })

  test('gives texts that stand behind the sheet, texts in the cell, numbers, truth, dates by their style, and gaps', async () => {
    const file = await oneSheet(
      `${textRow(2, ['title', 'description', 'status', 'priority', 'due_date', 'created_at', 'external_id'])}
       <row r="3"><c r="A3" t="s"><v>1</v></c><c r="B3" t="s"><v>2</v></c><c r="C3" t="b"><v>0</v></c>
         <c r="D3" t="str"><f>UPPER("high")</f><v>HIGH</v></c><c r="E3" s="1"><v>45292</v></c>
         <c r="F3" s="2"><v>45292.5</v></c><c r="G3"><v>1.0E3</v></c></row>
       <row r="7"><c r="A7" t="s"><v>0</v></c><c r="E7" s="3"><v>45292.25</v></c></row>
       <row><c><v>0.30000000000000004</v></c></row>`,
      {
        strings: [
          '<t>plain</t>',
          '<r><t>rich </t></r><r><rPr><b/></rPr><t xml:space="preserve">text </t></r><rPh sb="0" eb="1"><t>kana</t></rPh>',
          '<t>a &amp; b_x000D_\nc_x005F_x0041_</t>',
        ],
        styles: `<numFmts><numFmt numFmtId="164" formatCode="[$-407]d. mmmm yyyy;@"/>
          <numFmt numFmtId="165" formatCode="0.00&quot; days&quot;"/></numFmts>
          <cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>
          <cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/></cellXfs>`,
      },
    )
    const result = await done(await send(file))
    assert.deepEqual([result.rows, result.created, result.rejected], [3, 2, 1])
    const [first, second] = await tasksOf(result)
    assert.deepEqual(
      { ...first, created_at: first?.created_at instanceof Date && first.created_at.toISOString() },
      {
        ...{ title: 'rich text ', description: 'a & b\r\nc_x0041_', status: 'inactive', priority: 'HIGH', labels: [] },
        // Noon in Vienna.
        ...{ due_date: '2024-01-01', external_id: '1000', created_at: '2024-01-01T11:00:00.000Z' },
      },
    )
    assert.equal(second?.title, '0.30000000000000004')
    assert.deepEqual(await errorsOf(result), [
      {
        ...{ line: 7, column: 'due_date', value: '45292.25', code: 'INVALID_DATE' },
        message: 'is no date: YYYY-MM-DD was expected',
      },
    ])
  })

  test('counts days from 1904 where it says so', async () => {
    const rows = `${textRow(1, ['title', 'due_date'])}<row r="2"><c r="A2" t="inlineStr"><is><t>Old Mac</t></is></c>
      <c r="B2" s="0"><v>0.0</v></c></row><row r="3"><c r="A3" t="str"><v>Next</v></c><c r="B3" s="0"><v>43830</v></c></row>`
    const styles = '<cellXfs><xf numFmtId="14"/></cellXfs>'
    const result = await done(await send(await oneSheet(rows, { styles, from1904: true })))
    assert.deepEqual(
      (await tasksOf(result)).map((task) => task.due_date),
      ['2024-01-01'],
    )
  })

  test('is found by its bytes in a form with any name, and a sheet is taken by its name', async () => {
    const file = await workbook({
      sheets: {
        Notes: textRow(1, ['nothing of ours']),
        'To do': textRow(1, ['title']) + textRow(2, ['From the second']),
      },
    })
    const answer = await app.send('POST', '/api/v1/imports?sheet=To%20do', {
      as: admin,
      ...multipart(file, 'tasks.csv'),
    })
    assert.deepEqual(
      (await tasksOf(await done(answer))).map((task) => task.title),
      ['From the second'],
    )
    assert.match((await send(file)).body.detail, /unknown columns: "nothing of ours"/)
    await assertRefused(file, /no sheet "Done"; it has: "Notes", "To do"/, { query: 'sheet=Done' })
  })

  test('has rows of the wrong shape rejected by their number, and given back as CSV', async () => {
    const rows = [
      textRow(1, ['title', 'priority']),
      textRow(2, ['Good', 'LOW']),
      textRow(4, ['Wide, and quoted', 'LOW', null, 'more']),
      textRow(5, ['Bad', 'SOON']),
      textRow(6, ['Nul_x0000_', 'LOW']),
      textRow(7, ['x'.repeat(700_000), 'y'.repeat(400_000)]),
      textRow(9, [' ', null]),
      textRow(10, ['Short']),
    ]
    const result = await done(await send(await oneSheet(rows.join(''))))
    assert.deepEqual([result.rows, result.created, result.rejected], [6, 2, 4])
    assert.deepEqual(
      (await errorsOf(result)).map((e: { line: number; code: string }) => [e.line, e.code]),
      [
        [4, 'WRONG_CELL_COUNT'],
        [5, 'INVALID_PRIORITY'],
        [6, 'NUL_BYTE'],
        [7, 'RECORD_TOO_LONG'],
      ],
    )
    const { text } = await app.send('GET', `/api/v1/imports/${result.id}/rejected.csv`, { as: admin })
    assert.match(text, /\n[^\n]*WRONG_CELL_COUNT\)","Wide, and quoted",LOW,,more\r\n/)
  })

  test('is the same file when the same sheet of it comes again', async () => {
    const sheets = { First: textRow(1, ['title']) + textRow(2, ['Once']), Second: textRow(1, ['title']) }
    const file = await workbook({ sheets })
    const once = (query = '') =>
      app.send('POST', `/api/v1/imports?${query}`, { as: admin, payload: file, headers: { 'content-type': XLSX } })
    await done(await once())
    for (const query of ['', 'sheet=First']) assertProblem(await once(query), 409, 'DUPLICATE_FILE')
    await done(await once('sheet=Second'))
    assertProblem(await once('sheet=Second'), 409, 'DUPLICATE_FILE')
    await app.ctx.db.query({ text: 'update imports set sheet = null' })
    assertProblem(await once('sheet=First'), 409, 'DUPLICATE_FILE')
  })

  test('that cannot be read is refused with what is wrong with it, and leaves no file', async () => {
    const good = await oneSheet(textRow(1, ['title']) + textRow(2, ['One']))
    await assertRefused(Buffer.from('D0CF11E0A1B11AE10000', 'hex'), /with a password, or of Excel 97/)
    await assertRefused(good.subarray(0, good.length - 30), /the workbook is broken/)
    await assertRefused(
      Buffer.concat([good.subarray(0, 70), Buffer.alloc(9), good.subarray(79)]),
      /the workbook is broken/,
    )
    await assertRefused(await zip({ 'tasks.csv': 'title\nOne\n' }), /a zip archive, and no workbook/)
    await assertRefused(await workbook({}), /has no sheet/)
    await assertRefused(await oneSheet(''), /the sheet is empty/, { reason: 'EMPTY_FILE' })
    await assertRefused(await oneSheet('<row><c></row>'), /the workbook is broken/)
    await assertRefused(await oneSheet(textRow(1, ['title', '&bomb;'])), /the workbook is broken/)
    await assertRefused(await oneSheet('<row><c t="s"><v>0</v></c></row>'), /texts that it does not have/)
    await assertRefused(
      await oneSheet('<row><c t="s"><v>1</v></c></row>', { strings: ['<t>a</t>'] }),
      /refers to text 1,/,
    )
    await assertRefused(
      await oneSheet('<row><c t="s"><v>0.5</v></c></row>', { strings: ['<t>a</t>'] }),
      /refers to text "0.5", which is no number/,
    )
    await assertRefused(await oneSheet(textRow(2, ['title']) + textRow(2, ['One'])), /row "2" comes after row 2/)
    await assertRefused(await oneSheet('<row><c r="B1"/><c r="A1"/></row>'), /a cell "A1" out of order/)
    const rows = Array.from({ length: 200_000 }, (_, i) => `<row r="${i + 1}"><c/><c/><c/></row>`).join('')
    await assertRefused(await oneSheet(rows), /larger than the 1000000 bytes allowed/, { status: 413 })
    for (const query of ['encoding=utf-8', 'delimiter=comma']) {
      await assertRefused(good, /encoding and delimiter are for CSV files/, { query })
    }
    await assertRefused(Buffer.from('title\nOne\n'), /sheet names one of a workbook/, { query: 'sheet=A' })
  })

  test('that says other sizes of its parts than they have is refused', async () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => textRow(i + 1, [i ? `Task ${i}` : 'title']))
    const good = await oneSheet(rows.join(''))
    const sheet = 'xl/worksheets/sheet1.xml'
    await assertRefused(sayingSize(good, sheet, 'unpacked', 10), /broken: too many bytes in the stream/)
    await assertRefused(sayingSize(good, sheet, 'unpacked', 0xfffffff0), /broken: not enough bytes in the stream/)
    await assertRefused(sayingSize(good, sheet, 'packed', 0xfffffff0), /broken: file data overflows file bounds/)
    await assertRefused(sayingSize(good, sheet, 'packed', 10), /the workbook is broken/)
  })
})
