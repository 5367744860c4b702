import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { CleanupStack, type Person, startApp, type TestApp } from '../support/app.ts'
import { checksum } from '../support/database.ts'
import { assertProblem } from '../support/problem.ts'

const FILES = path.resolve(import.meta.dirname, 'corpus/files')

describe('a look at a file before it is sent', () => {
  const cleanup = new CleanupStack()
  let app: TestApp
  let admin: Person
  before(async () => {
    app = await startApp(cleanup, { env: { UPLOAD_WAIT_SECONDS: '0' } })
    admin = await app.person('ada', 'admin')
  })
  after(() => cleanup.run())

  const look = (file: string | Buffer, more = {}) =>
    app.send('POST', '/api/v1/imports/preview', {
      as: admin,
      body: { sample: Buffer.from(file).toString('base64'), ...more },
    })
  const formats = async (...cells: string[]) =>
    (await look(`title,due\n${cells.map((cell) => `x,${cell}`).join('\n')}\n`)).body.columns[1].date_formats

  test('names encoding, delimiter and columns with samples, and stores nothing', async () => {
    const before = await checksum(app)
    const file =
      'Task;Notes;Who;Due\n"Feed; the ""cat""";"two\nlines";anna;3/4/2025\nWalk;;bert;5/6/2025\nWalk;;;\ncut of'
    const { status, body, text } = await look(file)
    assert.equal(status, 200, text)
    assert.deepEqual(body, {
      encoding: 'utf-8',
      delimiter: 'semicolon',
      rows: 3,
      columns: [
        { name: 'Task', field: 'title', known: true, samples: ['Feed; the "cat"', 'Walk'], date_formats: [] },
        { name: 'Notes', field: 'description', known: true, samples: ['two\nlines'], date_formats: [] },
        { name: 'Who', field: null, known: false, samples: ['anna', 'bert'], date_formats: [] },
        {
          name: 'Due',
          field: 'due_date',
          known: true,
          samples: ['3/4/2025', '5/6/2025'],
          date_formats: ['MDY', 'DMY'],
        },
      ],
    })
    assert.equal(await checksum(app), before)
  })

  test('finds encodings: by the mark, as UTF-8, else as what Western spreadsheets write', async () => {
    const text = 'title\nM\u00fcller\n\u20ac 5\n'
    const utf16 = Buffer.from(`\ufeff${text}`, 'utf16le')
    for (const [file, encoding] of [
      [Buffer.from(text), 'utf-8'],
      [Buffer.from(`\ufeff${text}`), 'utf-8'],
      [utf16, 'utf-16le'],
      [Buffer.from(utf16).swap16(), 'utf-16be'],
      [Buffer.from('title\nM\xfcller\n\x80 5\n', 'latin1'), 'windows-1252'],
    ] as const) {
      const { body } = await look(file)
      assert.deepEqual([body.encoding, body.columns[0].samples], [encoding, ['M\u00fcller', '\u20ac 5']])
      // Wherever the sample was cut.
      for (const cut of [1, 2, 3])
        assert.equal((await look(file.subarray(0, file.length - cut))).body.encoding, encoding)
    }
    for (const encoding of ['iso-8859-1', 'latin-1']) {
      const { body } = await look(Buffer.from('title\nM\xfcller\n', 'latin1'), { encoding })
      assert.equal(body.encoding, 'iso-8859-1')
    }
    assertProblem(await look(Buffer.from('title\nM\xfcller\n', 'latin1'), { encoding: 'utf-8' }), 422, 'INVALID_CSV')
  })

  test('tells dates that can be read in two ways from those that cannot', async () => {
    assert.deepEqual(await formats('3/4/2025', '12/12/2025'), ['MDY', 'DMY'])
    assert.deepEqual(await formats('3/4/2025', '13/4/2025'), ['DMY'])
    assert.deepEqual(await formats('3/4/2025', '4/13/2025', ''), ['MDY'])
    // One that is no date, in whatever order, does not decide for all others; what the check would ask is asked first.
    assert.deepEqual(await formats('13/4/2025', '4/13/2025'), ['MDY', 'DMY'])
    assert.deepEqual(await formats('3/4/2025', 'soon'), ['MDY', 'DMY'])
    assert.deepEqual(await formats('3/4/2025', '31/31/2025'), ['MDY', 'DMY'])
    assert.deepEqual(await formats('31/4/2025', '31/31/2025'), ['DMY'])
    assert.deepEqual(await formats('3/3/2025', '31/31/2025'), [])
    assert.deepEqual(await formats('2025-03-04', '2025-03-05'), [])
  })

  test('reads every file of other programs as an upload would', async () => {
    for (const name of [
      'jira.csv',
      'trello.csv',
      'excel-german-windows-1252.csv',
      'excel-unicode-text.txt',
      'asana.csv',
    ]) {
      const file = readFileSync(path.join(FILES, name))
      const { status, body, text } = await look(file, { whole: true })
      assert.equal(status, 200, `${name} ${text}`)
      const unknown = body.columns.filter((column: { known: boolean }) => !column.known)
      const mapping: Record<string, string | null> = Object.fromEntries(
        unknown.map((column: { name: string }) => [column.name, null]),
      )
      // What the person would do then.
      const untitled = body.columns.every((column: { field: string }) => column.field !== 'title')
        ? unknown[0]
        : undefined
      if (untitled) untitled.field = mapping[untitled.name] = 'title'
      const query = new URLSearchParams({
        dry_run: 'true',
        encoding: body.encoding,
        delimiter: body.delimiter,
        ...(unknown.length > 0 ? { mapping: JSON.stringify(mapping) } : {}),
      })
      const upload = await app.send('POST', `/api/v1/imports?${query}`, {
        as: admin,
        payload: file,
        headers: { 'content-type': 'text/csv' },
      })
      assert.equal(upload.status, 202, `${name} ${upload.text}`)
      assert.deepEqual(
        upload.body.columns.map((column: { name: string; field: string }) => [column.name, column.field]),
        body.columns.map((column: { name: string; field: string }) => [column.name, column.field]),
        name,
      )
      assert.equal(upload.body.rows, body.rows, name)
    }
  })

  test('refuses what is no CSV', async () => {
    assertProblem(await look('', { whole: true }), 422, 'INVALID_CSV')
    const workbooks = ['504B03040000', 'D0CF11E0A1B11AE1'].map((hex) => Buffer.from(hex, 'hex'))
    for (const more of [{}, { encoding: 'windows-1252' }]) {
      for (const file of workbooks) assert.equal((await look(file, more)).body.reason, 'BAD_WORKBOOK')
    }
    for (const header of ['x,'.repeat(250_000), Array.from({ length: 201 }, (_, i) => `c${i}`).join(',')]) {
      assertProblem(await look(`${header}\n`), 422, 'INVALID_CSV_HEADER')
    }
    assertProblem(await look('', { sample: 'no base64!' }), 400)
  })
})
