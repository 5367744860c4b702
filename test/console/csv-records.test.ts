import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { recordReader } from '../../web/src/imports/csv-records.ts'

const TEXT = 'error;a;b\r\n"says ""no""; and\r\nmore";x"y;\r\n"";"";"""\n"\r\nlast;1;2\r\n'
const ROWS = [
  ['error', 'a', 'b'],
  ['says "no"; and\r\nmore', 'x"y', ''],
  ['', '', '"\n'],
  ['last', '1', '2'],
]

function read(parts: string[], most = 100): string[][] {
  const { rows, push } = recordReader('error', most)
  for (const part of parts) push(part)
  return rows
}

describe('records of a CSV text', () => {
  test('are the same however the text is cut', () => {
    assert.deepEqual(read([...TEXT]), ROWS)
    for (let at = 0; at <= TEXT.length; at++) assert.deepEqual(read([TEXT.slice(0, at), TEXT.slice(at)]), ROWS)
  })

  test('are as many as asked for', () => {
    assert.deepEqual(read([TEXT], 2), ROWS.slice(0, 2))
  })

  test('of megabytes in many parts are read once', () => {
    const { rows, push } = recordReader('error', 2)
    let taken = 0
    push('error,a\n"')
    for (let part = 0; part < 400; part++) {
      const { length } = 'x'.repeat(10_000)
      push('x'.repeat(length))
      taken += length
    }
    push('",1\n')
    assert.deepEqual(
      rows.map((row) => row.map((cell) => cell.length)),
      [
        [5, 1],
        [taken, 1],
      ],
    )
  })
})
