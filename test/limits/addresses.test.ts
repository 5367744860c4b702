import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CleanupStack, startApp, type TestApp } from '../support/app.ts'

const LIMIT = 3
const TRIES = 10
const SPOOFABLE = [
  'x-forwarded-for',
  'x-real-ip',
  'forwarded',
  'cf-connecting-ip',
  'true-client-ip',
  'x-client-ip',
  'via',
]

interface Sent {
  address: string
  headers?: Record<string, string>
}

/** Which address a request is counted under, and who may say so. Each test has addresses of its own. */
describe('addresses', () => {
  const cleanup = new CleanupStack()
  let direct: TestApp
  let behindProxy: TestApp

  before(async () => {
    direct = await start()
    behindProxy = await start('10.0.0.0/8', direct.databaseUrl)
  })
  after(() => cleanup.run())

  const start = (TRUST_PROXY = '', databaseUrl?: string) =>
    startApp(cleanup, { databaseUrl, env: { TRUST_PROXY, RATE_LIMIT_ADDRESS: `${LIMIT}/60` } })

  /** How many of ten requests are let in. */
  async function admitted(on: TestApp, request: (i: number) => Sent): Promise<number> {
    let count = 0
    for (let i = 0; i < TRIES; i++) {
      if ((await on.send('GET', '/openapi.json', request(i))).status === 200) count++
    }
    return count
  }

  const viaProxy = (forwardedFor: string): Sent => ({
    address: '10.0.0.1',
    headers: { 'x-forwarded-for': forwardedFor },
  })

  for (const [n, header] of SPOOFABLE.entries()) {
    test(`without a proxy ${header} means nothing, whatever it says`, async () => {
      const value = (i: number) => (header === 'forwarded' ? `for=198.51.100.${i}` : `198.51.100.${i}`)
      assert.equal(await admitted(direct, (i) => ({ address: `192.0.2.${n}`, headers: { [header]: value(i) } })), LIMIT)
    })
  }

  test('behind the listed proxy each client is counted by itself', async () => {
    assert.equal(await admitted(behindProxy, (i) => viaProxy(`198.51.100.${i}`)), TRIES)
  })

  test('behind the listed proxy what the client wrote to the left is ignored', async () => {
    assert.equal(await admitted(behindProxy, (i) => viaProxy(`203.0.113.${i}, 10.9.9.9, 198.51.101.1`)), LIMIT)
  })

  test('behind the listed proxy no other header is believed', async () => {
    for (const [n, header] of SPOOFABLE.slice(1).entries()) {
      const request = (i: number): Sent => {
        const { address, headers } = viaProxy(`192.0.2.${n}`)
        return { address, headers: { ...headers, [header]: `198.51.102.${i}` } }
      }
      assert.equal(await admitted(behindProxy, request), LIMIT, header)
    }
  })

  test('through two listed proxies the first address that is none of theirs counts', async () => {
    const on = await start('10.0.0.1,10.0.0.2', direct.databaseUrl)
    assert.equal(await admitted(on, (i) => viaProxy(`203.0.113.${i}, 198.51.100.1, 10.0.0.2`)), LIMIT)
    assert.equal(await admitted(on, (i) => viaProxy(`198.51.101.${i}, 10.0.0.2`)), TRIES)
  })

  test('who comes past the proxy is counted as themselves', async () => {
    const request = (i: number) => ({ ...viaProxy(`198.51.103.${i}`), address: '192.0.2.99' })
    assert.equal(await admitted(behindProxy, request), LIMIT)
  })

  test('nonsense behind the proxy is no way round the limit, and no error', async () => {
    for (const value of ['', ',', 'unknown', '_hidden', 'x'.repeat(5_000), '::::', '1.2.3.4:80']) {
      const count = await admitted(behindProxy, () => viaProxy(value))
      assert.ok(count <= LIMIT, `${value.slice(0, 20)}: ${count}`)
    }
  })

  test('an IPv6 host is counted by its /64, an IPv4 one also when it comes as IPv6', async () => {
    assert.equal(await admitted(direct, (i) => ({ address: `2001:db8:1:2::${i}` })), LIMIT)
    assert.equal(await admitted(direct, (i) => ({ address: `2001:db8:1:${i + 10}::1` })), TRIES)
    assert.equal(await admitted(direct, (i) => ({ address: i % 2 ? '192.0.2.77' : '::ffff:192.0.2.77' })), LIMIT)
  })

  test('a session shows the address the proxy saw', async () => {
    const anna = { username: 'anna', password: 'quiet-otter-laughs' }
    await behindProxy.auth.createUser(anna, 'user')
    const answer = await behindProxy.send('POST', '/login', { body: anna, ...viaProxy('203.0.113.1, 198.51.104.9') })
    const { body } = await behindProxy.send('GET', '/api/v1/auth/sessions', { as: answer.body.access_token })
    assert.equal(body.items[0].address, '198.51.104.9')
  })
})
