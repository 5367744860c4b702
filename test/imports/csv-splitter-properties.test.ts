import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { CsvSplitterOptions } from '../../src/imports/csv-splitter.ts'
import { HEAD, outcome, parse, sampleFiles, split, summary } from './split-csv.ts'

test('a file cut in two at each byte, and cut at every byte, gives the same', () => {
  for (const file of Object.values(sampleFiles)) {
    const bytes = Buffer.from(file)
    const whole = outcome(file, { maxRecordBytes: 40 })
    assert.deepEqual(outcome(file, { maxRecordBytes: 40 }, [1]), whole)
    for (let at = 1; at < bytes.length; at++) {
      assert.deepEqual(outcome(file, { maxRecordBytes: 40 }, [at, bytes.length - at]), whole, `cut at ${at}`)
    }
  }
})

const delimiters = fc.constantFrom<NonNullable<CsvSplitterOptions['delimiter']>>(',', ';', '\t', '|')
const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 10 })

test('property: however bytes of any kind are cut into chunks, the result or the error is the same', () => {
  const pieces = [...',,,""\n\r;aé€🙂 \0', '\r\n', '""', '",', ',"', '\n"', '"\n', '1,2\n', '\uFEFF', '\n\\.\n', '\xff']
  const soup = fc.array(fc.constantFrom(...pieces), { maxLength: 60, size: 'max' }).map((parts) =>
    // An \xff stands for a byte that is none of UTF-8.
    Buffer.concat(parts.map((part) => Buffer.from(part, part === '\xff' ? 'latin1' : 'utf8'))),
  )
  const limits = fc.record({
    maxRecordBytes: fc.integer({ min: 3, max: 60 }),
    maxRows: fc.constantFrom(5, 1000),
  })
  const property = fc.property(soup, limits, sizes, (bytes, options, cuts) => {
    const file = Buffer.concat([Buffer.from('a,b\n'), bytes])
    const whole = outcome(file, options)
    assert.deepEqual(outcome(file, options, cuts), whole)
    if ('copy' in whole) assert.equal(parse(whole.copy).length + whole.rejected.length, whole.records)
  })
  fc.assert(property, { numRuns: 1000 })
})

test('property: a table written as CSV is read back cell for cell, ragged rows rejected', () => {
  const content = fc.array(fc.constantFrom(...'ab,;\t|"\r\n é🙂\\.', '\\.', '\n\\.\n', '\r\n'), { maxLength: 6 })
  const cell = fc.tuple(
    content.map((parts) => parts.join('')),
    fc.boolean(),
  )
  const row = fc.array(cell, { minLength: 2, maxLength: 4 })
  const eol = fc.constantFrom('\n', '\r\n', '\r')
  const table = fc.array(fc.tuple(row, eol), { maxLength: 8 })
  const property = fc.property(table, delimiters, sizes, (rows, delimiter, cuts) => {
    // A cell is quoted where it has to be, or at random.
    const write = ([text, quote]: [string, boolean]) =>
      quote || /["\r\n]/.test(text) || text.includes(delimiter) ? `"${text.replaceAll('"', '""')}"` : text
    let line = 2
    const good: string[][] = []
    let file = `a${delimiter}b${delimiter}c\r\n`
    for (const [cells, end] of rows) {
      const record = cells.map(write).join(delimiter)
      if (cells.length === 3) good.push([String(line), ...cells.map(([text]) => text)])
      file += record + end
      line += (record + end).match(/\r\n|\r|\n/g)?.length ?? 0
    }
    const { copy, rejected, records } = split(file, { delimiter }, cuts)
    assert.deepEqual(parse(copy, delimiter), good)
    assert.equal(good.length + rejected.length, rows.length)
    assert.equal(records, rows.length)
  })
  fc.assert(property, { numRuns: 1000 })
})

test('property: one badly quoted line costs itself, not the rows around it', () => {
  const cell = fc.constantFrom('1', 'x y', '"2"', '"a, b"', '"say ""hi"""', '""', '')
  const row = fc.tuple(cell, cell, cell).map((cells) => cells.join(','))
  const bad = fc.constantFrom('1,"2,3', 'x"y,2,3', '1,2,3"', '"1"x,2,3', '1,2,"3')
  const rows = fc.array(row, { maxLength: 10 })
  const property = fc.property(rows, bad, rows, (before, line, after) => {
    const { copy, rejected } = summary([HEAD.trim(), ...before, line, ...after].join('\n'))
    const at = before.length + 2
    const expected = [
      ...before.map((text, i) => `${i + 2},${text}\n`),
      ...after.map((text, i) => `${at + 1 + i},${text}\n`),
    ]
    assert.equal(copy, expected.join(''))
    assert.equal(rejected.length, 1)
    assert.match(rejected[0] ?? '', new RegExp(`^${at} `))
  })
  fc.assert(property)
})
