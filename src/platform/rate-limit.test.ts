import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError } from './errors.ts'
import { addressKey, type LimitState, limitHeaders, refuseIfExceeded } from './rate-limit.ts'

test('an IPv4 address is its own key, also when it comes as IPv6', () => {
  for (const ip of [
    '192.0.2.1',
    '::ffff:192.0.2.1',
    '::FFFF:192.0.2.1',
    '::ffff:c000:201',
    '0:0:0:0:0:ffff:c000:0201',
  ]) {
    assert.equal(addressKey(ip), '192.0.2.1', ip)
  }
})

test('every way to write an IPv6 address of one /64 gives one key', () => {
  for (const ip of [
    '2001:db8:1:2::1',
    '2001:0DB8:0001:0002:0000:0000:0000:0001',
    '2001:db8:1:2:ffff:ffff:ffff:ffff',
    '2001:db8:1:2::',
    '2001:db8:1:2::192.0.2.1',
  ]) {
    assert.equal(addressKey(ip), '2001:db8:1:2::/64', ip)
  }
})

test('another /64 is another key', () => {
  const keys = ['2001:db8:1:3::1', '2001:db8:1::2', '2001:db8::1:2:0:0:1', '::1', 'fe80::1', '2001:db8::'].map(
    addressKey,
  )
  assert.equal(new Set(keys).size, keys.length, keys.join(' '))
  assert.equal(addressKey('::1'), '0:0:0:0::/64')
  assert.equal(addressKey('fe80::1%eth0'), 'fe80:0:0:0::/64')
})

const state = (change: Partial<LimitState>): LimitState => ({
  title: 'login-per-account',
  policy: '"login-per-account";q=10;w=900',
  remaining: 3,
  reset: 60,
  exceeded: false,
  ...change,
})

test('the headers tell every policy that counted', () => {
  const states = [state({}), state({ title: 'address', policy: '"address";q=5;w=1', remaining: 0, reset: 1 })]
  assert.deepEqual(limitHeaders(states), {
    'ratelimit-policy': '"login-per-account";q=10;w=900, "address";q=5;w=1',
    ratelimit: '"login-per-account";r=3;t=60, "address";r=0;t=1',
  })
})

test('a refusal names the policies that were violated and the longest wait', () => {
  refuseIfExceeded([state({})])
  assert.throws(
    () =>
      refuseIfExceeded([
        state({ exceeded: true }),
        state({ title: 'user', exceeded: true, reset: 90 }),
        state({ title: 'address', reset: 500 }),
      ]),
    (error) => {
      assert.ok(error instanceof AppError)
      assert.equal(error.status, 429)
      assert.equal(error.options.headers?.['retry-after'], '90')
      assert.deepEqual(error.options.members, { 'violated-policies': ['login-per-account', 'user'] })
      return true
    },
  )
})
