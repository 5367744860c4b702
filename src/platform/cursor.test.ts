import assert from 'node:assert/strict'
import { test } from 'node:test'
import { afterId, decodeCursor, encodeCursor, idPage } from './cursor.ts'
import { AppError } from './errors.ts'

const ID = /^\d{1,15}$/

test('a cursor comes back as the key it was made of', () => {
  assert.deepEqual(decodeCursor(encodeCursor(['2025-03-31', 7]), [/^[\d-]+$/, ID]), ['2025-03-31', '7'])
  assert.match(encodeCursor(['2025-03-31T00:00:00.000000Z', 999_999_999_999_999]), /^[\w-]+$/)
})

test('whatever else is sent as a cursor is refused, naming the parameter', () => {
  const of = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  for (const text of [
    '',
    'x',
    '!',
    of([]),
    of({}),
    of(null),
    of('7'),
    of(7),
    of([7, 7]),
    of([null]),
    of([{}]),
    of(['7 ']),
    of(['7\n']),
    of([-7]),
    of([1e21]),
  ]) {
    assert.throws(
      () => decodeCursor(text, [ID]),
      (error) => error instanceof AppError && error.status === 400 && error.options.errors?.[0]?.pointer === '/cursor',
      text,
    )
  }
})

test('a list begins after nothing', () => {
  assert.equal(afterId(undefined), '0')
  assert.equal(afterId(encodeCursor([41])), '41')
})

test('a page names the next one only when there is one', () => {
  const rows = [{ id: 1 }, { id: 2 }, { id: 3 }]
  const page = (limit: number) =>
    idPage(
      rows,
      limit,
      (row) => row.id,
      (row) => row.id,
    )
  assert.deepEqual(page(3), { items: [1, 2, 3], next_cursor: null })
  assert.deepEqual(page(2), { items: [1, 2], next_cursor: encodeCursor([2]) })
  assert.deepEqual(
    idPage(
      [],
      2,
      () => 0,
      () => 0,
    ),
    { items: [], next_cursor: null },
  )
})
