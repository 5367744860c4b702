import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dayOrInstant, isDay, requireDay, today } from './dates.ts'
import { AppError } from './errors.ts'

test('days of the calendar are days', () => {
  for (const text of ['2025-03-31', '2024-02-29', '2000-02-29', '0001-01-01', '0099-12-31', '9999-12-31']) {
    assert.equal(isDay(text), true, text)
  }
})

test('days that are not in the calendar, or written otherwise, are not', () => {
  for (const text of [
    '2025-02-29',
    '1900-02-29',
    '2025-04-31',
    '2025-00-01',
    '2025-01-00',
    '2025-13-01',
    '2025-01-32',
    '0000-01-01',
    '2025-1-1',
    '25-01-01',
    '10000-01-01',
    '+2025-01-01',
    '-0001-01-01',
    '2025/01/01',
    '20250101',
    '2025-01-01Z',
    ' 2025-01-01',
    '2025-01-01\n',
    '٢٠٢٥-٠١-٠١',
    '2025-W01-1',
    '',
    'today',
  ]) {
    assert.equal(isDay(text), false, JSON.stringify(text))
  }
})

test('an instant is RFC 3339 with a time zone, on a day that exists', () => {
  for (const text of [
    '2025-03-31T08:00:00Z',
    '2025-03-31T08:00:00.123456Z',
    '2025-03-31T23:59:59+14:00',
    '2025-03-31T23:59:59-15:59',
    '2025-03-31T08:00:00-03:30',
  ]) {
    assert.deepEqual(dayOrInstant('from', text), { instant: text })
  }
  assert.deepEqual(dayOrInstant('from', '2025-03-31'), { day: '2025-03-31' })
})

test('what is neither is refused, naming the parameter', () => {
  for (const text of [
    '',
    'now',
    '2025-03-31T08:00:00',
    '2025-03-31 08:00:00Z',
    '2025-03-31T08:00Z',
    '2025-02-30T08:00:00Z',
    '2025-03-31T25:00:00Z',
    '2025-03-31T08:60:00Z',
    '2025-03-31T08:00:60Z',
    '2025-03-31T08:00:00.1234567Z',
    '2025-03-31T08:00:00z',
    '2025-03-31T08:00:00+1',
    '2025-03-31T08:00:00+16:00',
    '2025-03-31T08:00:00-23:59',
    '1743408000',
    '-271821-04-20T00:00:00Z',
  ]) {
    assert.throws(
      () => dayOrInstant('created_from', text),
      (error) => error instanceof AppError && error.status === 400 && /^created_from: /.test(error.message),
      text,
    )
  }
  assert.throws(() => requireDay('due_to', '2025-02-30'), /^AppError: due_to: /)
  assert.equal(requireDay('due_to', '2025-02-28'), '2025-02-28')
})

test('today is the date where the service keeps its calendar', () => {
  const now = new Date('2025-03-31T23:30:00Z')
  assert.equal(today('UTC', now), '2025-03-31')
  assert.equal(today('Europe/Vienna', now), '2025-04-01')
  assert.equal(today('Pacific/Kiritimati', now), '2025-04-01')
  assert.equal(today('America/Los_Angeles', now), '2025-03-31')
  assert.equal(today('Europe/Vienna', new Date('2025-03-30T00:59:59Z')), '2025-03-30')
})
