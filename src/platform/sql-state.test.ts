import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRetryable, sqlState } from './sql-state.ts'

const failure = (code: unknown) => Object.assign(new Error('failed'), { code })

test('the SQLSTATE of an error is told, and none where it has none', () => {
  for (const code of ['23505', '40P01', '57P01', 'P0001', 'XX000', 'HV00B']) assert.equal(sqlState(failure(code)), code)
  for (const none of [failure(undefined), failure(23_505), failure('ECONNRESET'), new Error('failed'), '23505', null])
    assert.equal(sqlState(none), '')
})

test('a connection that is gone is no SQLSTATE, though its code has five letters', () => {
  for (const code of ['EPIPE', 'EPERM', 'EBADF']) assert.equal(sqlState(failure(code)), '')
})

test('what may run again is what PostgreSQL undid as a whole', () => {
  assert.deepEqual(['40001', '40P01', '40003', '23505', 'EPIPE'].map(failure).map(isRetryable), [
    ...[true, true, false, false, false],
  ])
})
