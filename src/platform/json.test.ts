import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AppError } from './errors.ts'
import { parseStrictJson } from './json.ts'

const parse = (text: string | Buffer) => parseStrictJson(Buffer.from(text as string))
const refused = (text: string | Buffer, detail: RegExp) =>
  assert.throws(
    () => parse(text),
    (error) =>
      error instanceof AppError && error.code === 'INVALID_JSON' && error.status === 400 && detail.test(error.message),
    String(text).slice(0, 80),
  )

test('what JSON.stringify writes is read as it was', () => {
  const value = fc.jsonValue({ stringUnit: 'binary', maxDepth: 5 })
  fc.assert(
    fc.property(value, (json) => {
      const text = JSON.stringify(json)
      fc.pre(!text.includes('"__proto__":') && !text.includes('\\u0000'))
      assert.deepEqual(parse(text), JSON.parse(text))
    }),
  )
})

test('whatever the bytes are, the answer is a value or INVALID_JSON', () => {
  const pieces = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    '"',
    ':',
    ',',
    '\\',
    'a',
    '1',
    ' ',
    '\\u00',
    '__proto__',
    'é',
    '\0',
    'true',
  )
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => {
      try {
        parse(parts.join(''))
      } catch (error) {
        assert.ok(error instanceof AppError && error.code === 'INVALID_JSON', String(error))
      }
    }),
    { numRuns: 500 },
  )
})

test('bytes that are not UTF-8 are refused', () => {
  for (const bytes of [
    [0xff, 0xfe],
    [0xc0, 0x80],
    [0xe2, 0x82],
    [0x80],
    [0xed, 0xa0, 0x80],
    [0xf4, 0x90, 0x80, 0x80],
  ]) {
    refused(Buffer.from([0x22, ...bytes, 0x22]), /UTF-8/)
  }
  refused(Buffer.from('\uFEFF{}'), /not valid JSON/)
})

test('a member that stands twice is refused, at every depth and however it is written', () => {
  for (const text of [
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":1}',
    '[{"b":{"a":1 , "a" :2}}]',
    '{"a":[1,{"x":0}],"b":"a","a":2}',
    '{"a\\"":1,"a\\"":2}',
    '{"":1,"":2}',
  ]) {
    refused(text, /more than once/)
  }
})

test('the same name in different objects, and as a value, is fine', () => {
  for (const text of [
    '{"a":{"a":{"a":"a"}},"b":[{"a":1},{"a":1}]}',
    '["a","a"]',
    '{"a":"b","b":"a"}',
    '{"a":"a:","b":"\\"a\\":"}',
  ]) {
    assert.deepEqual(parse(text), JSON.parse(text))
  }
})

test('__proto__ as a member is refused, also escaped and deep; as a value it is text', () => {
  for (const text of ['{"__proto__":1}', '{"\\u005f_proto__":1}', '[[{"a":{"__proto__" : {}}}]]'])
    refused(text, /__proto__/)
  assert.deepEqual(parse('["__proto__"]'), ['__proto__'])
})

test('NUL and half characters are refused, in members and in values', () => {
  for (const text of ['"\\u0000"', '{"a\\u0000":1}', '[["x\\u0000"]]']) refused(text, /U\+0000/)
  for (const text of ['"\\ud800"', '"\\udc00"', '"\\udc00\\ud800"', '{"\\ud83d":1}', '["a\\ud83d"]'])
    refused(text, /surrogate/)
  assert.equal(parse('"\\ud83e\\udd8a"'), '🦊')
})

test('32 levels are read, 33 are refused, and depth costs nothing', () => {
  assert.ok(parse('['.repeat(32) + ']'.repeat(32)))
  refused('['.repeat(33) + ']'.repeat(33), /levels/)
  assert.ok(parse(`["${'['.repeat(100)}"]`), 'brackets in text are text')
  assert.ok(parse(`[${'[],'.repeat(1_000)}[]]`), 'beside each other is not within')
  const started = process.cpuUsage()
  for (const text of ['['.repeat(1_000_000), '{"a":'.repeat(200_000), `[${'"'.repeat(1_000_001)}`]) {
    assert.throws(() => parse(text))
  }
  assert.ok(process.cpuUsage(started).user < 500_000)
})

test('nothing, blanks and what is no JSON are refused', () => {
  for (const text of ['', ' ', '\n\t']) refused(text, /empty/)
  for (const text of [
    '{',
    '{"a"}',
    "{'a':1}",
    '{"a":1,}',
    '[1,]',
    'undefined',
    'NaN',
    '01',
    '+1',
    '.5',
    '"\n"',
    '{}{}',
    '/**/1',
    '\u00a01',
  ]) {
    refused(text, /not valid JSON/)
  }
})
