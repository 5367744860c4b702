import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError } from './errors.ts'
import { coerceQuery } from './query-string.ts'

const schema = { properties: { n: { type: 'integer' }, b: { type: 'boolean' }, s: { type: 'string' } } }

function coerced(query: Record<string, unknown>) {
  const copy = { ...query }
  coerceQuery(schema, copy)
  return copy
}

test('a whole number in plain digits becomes a number', () => {
  for (const text of ['0', '7', '-7', '999999999999999', '-999999999999999']) {
    assert.deepEqual(coerced({ n: text }), { n: Number(text) })
  }
})

test('everything else a number parser would take stays text, for the validator to refuse', () => {
  for (const text of [
    '',
    ' 7',
    '7 ',
    '+7',
    '07',
    '-0',
    '7.0',
    '1e3',
    '0x10',
    '0b1',
    '1_000',
    '٧',
    '７',
    '9007199254740993',
    'Infinity',
    'NaN',
  ]) {
    assert.deepEqual(coerced({ n: text }), { n: text }, JSON.stringify(text))
  }
})

test('true and false become booleans, nothing else does', () => {
  assert.deepEqual([coerced({ b: 'true' }), coerced({ b: 'false' })], [{ b: true }, { b: false }])
  for (const text of ['', '1', '0', 'TRUE', 'yes', 'on', ' true']) assert.deepEqual(coerced({ b: text }), { b: text })
})

test('text stays text, and so does what the schema does not know', () => {
  const query = { s: '7', unknown: '7', toString: 'true', hasOwnProperty: '1' }
  assert.deepEqual(coerced(query), query)
})

test('a parameter given twice is refused by name', () => {
  assert.throws(
    () => coerced({ n: ['1', '2'] }),
    (error) => error instanceof AppError && error.status === 400 && error.options.errors?.[0]?.pointer === '/n',
  )
})

test('text that was not UTF-8 is refused', () => {
  for (const text of ['\ud800', 'a\ufffd']) assert.throws(() => coerced({ s: text }), AppError)
})
