import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import { WorkbookReader } from '../../src/imports/workbook-reader.ts'
import { textRow, type WorkbookParts, workbook, zip } from '../support/workbook.ts'

const MIB = 1024 * 1024
const TITLE = textRow(1, ['title'])
/** What does not pack well, so that what does is not too many times larger. */
const BALLAST = randomBytes(150_000).toString('base64')

/** A row whose cells are shared texts. */
const sharedRow = (line: number, ...texts: number[]) =>
  `<row r="${line}">${texts.map((text) => `<c t="s"><v>${text}</v></c>`).join('')}</row>`
const rowsFrom = (line: number, count: number, make: (line: number, i: number) => string) =>
  Array.from({ length: count }, (_, i) => make(line + i, i)).join('')
const oneSheet = (rows: string, more: WorkbookParts = {}) => workbook({ sheets: { Tasks: rows }, ...more })

async function read(file: Buffer, { sheet, maxBytes = 100_000_000 }: { sheet?: string; maxBytes?: number } = {}) {
  const reader = new WorkbookReader({ profile: 'any', maxBytes, sheet })
  const all = { copy: '', rejected: [] as { line: number; code: string; raw: string }[], largest: 0 }
  for await (const { copy, rejected } of reader.batches(ReadableStream.from([file]))) {
    all.copy += copy.toString()
    all.rejected.push(...rejected)
    const characters = copy.length + rejected.reduce((sum, { raw }) => sum + raw.length, 0)
    all.largest = Math.max(all.largest, characters)
  }
  return all
}

const assertRefused = (file: Buffer, message: RegExp, options?: { sheet?: string; maxBytes?: number }) =>
  assert.rejects(read(file, options), { name: 'CsvFileError', message })

describe('what a workbook may ask of us', () => {
  test('it is refused when its bytes come out, whatever it says of their number', async () => {
    const bomb = await oneSheet(TITLE + textRow(2, ['One']) + ' '.repeat(2 * MIB))
    assert.ok(bomb.length < 20_000)
    await assertRefused(bomb, /a text that is longer than a cell can be/)
    const rows = rowsFrom(1, 200_000, (line) => `<row r="${line}"><c/><c/><c/></row>`)
    await assertRefused(await oneSheet(rows), /unpacked it has more than 4000000 bytes/, { maxBytes: 1_000_000 })
    await assertRefused(await oneSheet('<x/>'.repeat(5_000_000)), /unpacked it is more than 200 times as large/)
  })

  test('parts that are kept in memory are small', async () => {
    const most = /its part "xl\/styles.xml" has more than 16777216 bytes/
    const styles = `<cellXfs>${'<xf/>'.repeat(4_000_000)}</cellXfs>`
    await assertRefused(await oneSheet(TITLE, { styles, parts: { ballast: BALLAST } }), most)
    const names = Object.fromEntries(Array.from({ length: 10_001 }, (_, i) => [`Sheet ${i}`, '']))
    const parts = Object.fromEntries(Object.keys(names).map((_, i) => [`xl/worksheets/sheet${i + 1}.xml`, undefined]))
    await assertRefused(await workbook({ sheets: names, parts }), /it has more than 10000 sheets/)
    const relations = `<Relationships>${rowsFrom(0, 10_001, (i) => `<Relationship Id="${i}"/>`)}</Relationships>`
    await assertRefused(await oneSheet(TITLE, { parts: { '_rels/.rels': relations } }), /has more than 10000 relations/)
    const long = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`${i}${'x'.repeat(60_000)}`, '']))
    await assertRefused(await zip(long), /its list of parts has more than 1048576 bytes/)
    await assertRefused(
      await oneSheet(TITLE + '<x>'.repeat(300) + '</x>'.repeat(300)),
      /more than 256 elements within each other/,
    )
  })

  test('an error names some of its sheets, each cut', async () => {
    const sheets = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`${i} ${'x'.repeat(1_000)}`, '']))
    const says = /^it has no sheet "y{100}"; it has: ("\d+ x{97,98}", ){19}"19 x{97}" and 10 more$/
    await assertRefused(await workbook({ sheets }), says, { sheet: 'y'.repeat(1_000) })
  })

  test('a row has a number that a sheet can have', async () => {
    const { copy } = await read(await oneSheet(TITLE + textRow(1_048_576, ['Last'])))
    assert.equal(copy, '1048576,Last\n')
    await assertRefused(await oneSheet(TITLE + textRow(1_048_577, ['Beyond'])), /row "1048577" is none of 1 to 1048576/)
    await assertRefused(
      await oneSheet(`${textRow(1_048_576, ['title'])}<row><c/></row>`),
      /row "1048577" is none of 1 to 1048576/,
    )
  })

  test('a shared text is no longer than a record, in however many pieces it stands', async () => {
    const run = `<r><t>${'x'.repeat(100_000)}</t></r>`
    await assertRefused(
      await oneSheet(TITLE, { strings: [run.repeat(11)] }),
      /a text that is longer than a cell can be/,
    )
    const { copy } = await read(
      await oneSheet(TITLE + sharedRow(2, 1) + sharedRow(3, 0), { strings: [run.repeat(10), '<t>short</t>'] }),
    )
    assert.equal(copy, `2,short\n3,${'x'.repeat(1_000_000)}\n`)
  })

  test('a text is found among short and long ones, in any order', async () => {
    const texts = Array.from({ length: 3_000 }, (_, i) => `${i} ${'x'.repeat(i % 100 === 0 ? 20_000 : i % 17)}`)
    const order = texts.map((_, i) => (i * 1_237) % texts.length)
    const { copy } = await read(
      await oneSheet(TITLE + rowsFrom(2, order.length, (line, i) => sharedRow(line, order[i] as number)), {
        strings: texts.map((text) => `<t>${text}</t>`),
      }),
    )
    assert.equal(copy, order.map((index, i) => `${i + 2},${texts[index]}\n`).join(''))
  })

  test('a short text costs no more when long ones stand around it', {
    skip: process.platform === 'linux' ? false : 'reads /proc',
  }, async () => {
    const long = `<t>${'x'.repeat(500_000)}</t>`
    const strings = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? '<t>short</t>' : long))
    const file = await oneSheet(TITLE + rowsFrom(2, 200, (line, i) => sharedRow(line, (i % 10) * 2)), { strings })
    const bytesRead = async () => Number(/rchar: (\d+)/.exec(await readFile('/proc/self/io', 'utf8'))?.[1])
    const before = await bytesRead()
    await read(file)
    const here = (await bytesRead()) - before
    assert.ok(here < 10 * MIB, `${here} bytes were read`)
  })

  test('a row of shared texts is as long as what it shows, and goes on before there is too much of it', async () => {
    const strings = [`<t>${'x'.repeat(300_000)}</t>`, '<t>short</t>']
    const rows = rowsFrom(3, 20, (line) => sharedRow(line, 1, 0))
    const file = await oneSheet(
      textRow(1, ['title', 'description', 'labels', 'status']) + sharedRow(2, 0, 0, 0, 0) + rows,
      { strings },
    )
    const { copy, rejected, largest } = await read(file)
    assert.deepEqual(
      rejected.map(({ line, code, raw }) => [line, code, raw.length]),
      [[2, 'RECORD_TOO_LONG', 2_000]],
    )
    assert.equal(copy.split('\n').length, 21)
    assert.ok(largest < 2 * MIB, `${largest} characters at once`)
    await assertRefused(file, /its cells have more than 5000000 bytes/, { maxBytes: 5_000_000 })
  })

  test('a cell far to the right is one cell', async () => {
    const far = (line: number) => `<row r="${line}"><c r="XFD${line}"><v>1</v></c></row>`
    const { rejected, largest } = await read(await oneSheet(TITLE + rowsFrom(2, 1_000, far)))
    assert.deepEqual([rejected.length, rejected[0]?.code], [1_000, 'WRONG_CELL_COUNT'])
    assert.equal(rejected[999]?.raw, `${','.repeat(16_383)}1`)
    assert.ok(largest < 2 * MIB, `${largest} characters at once`)
    await assertRefused(await oneSheet(TITLE + rowsFrom(2, 1_000, far)), /its cells have more than 1000000 bytes/, {
      maxBytes: 1_000_000,
    })
  })

  test('bytes that are not those that were packed are noticed', async () => {
    const file = await oneSheet(TITLE + textRow(2, ['One']), { compress: false })
    const changed = Buffer.from(file.toString('latin1').replace('>One<', '>Two<'), 'latin1')
    await assertRefused(changed, /the check sum of "xl\/worksheets\/sheet1.xml" does not fit/)
  })

  test('a key of many digits stays what it is', async () => {
    const cells = ['12345678901234567890', '-1', '1.0E3'].map((text) => `<c><v>${text}</v></c>`).join('')
    const { copy } = await read(await oneSheet(`${textRow(1, ['title', 'key', 'notes'])}<row r="2">${cells}</row>`))
    assert.equal(copy, '2,12345678901234567890,-1,1000\n')
  })
})
