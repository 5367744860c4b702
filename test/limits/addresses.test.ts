import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CleanupStack, type Scope, startApp, type TestApp } from '../support/app.ts'

const LIMIT = 3
const SPOOFABLE = [
  'x-forwarded-for',
  'x-real-ip',
  'forwarded',
  'cf-connecting-ip',
  'true-client-ip',
  'x-client-ip',
  'via',
]

/** Which address a request is counted under, and who may say so. */
describe('addresses', () => {
  const cleanup = new CleanupStack()
  let databaseUrl: string

  before(async () => {
    ;({ databaseUrl } = await startApp(cleanup))
  })
  after(() => cleanup.run())

  const start = (t: Scope, TRUST_PROXY = '') =>
    startApp(t, { databaseUrl, env: { TRUST_PROXY, RATE_LIMIT_ADDRESS: `${LIMIT}/60` } })

  /** How many of these requests are let in. */
  async function admitted(on: TestApp, requests: { address: string; headers?: Record<string, string> }[]) {
    let count = 0
    for (const request of requests) {
      if ((await on.send('GET', '/openapi.json', request)).status === 200) count++
    }
    return count
  }
  const ten = Array.from({ length: 10 }, (_, i) => i)
  const forwarded = (value: string) => ({ 'x-forwarded-for': value })

  for (const header of SPOOFABLE) {
    test(`without a proxy ${header} means nothing, whatever it says`, async (t) => {
      const on = await start(t)
      const value = (i: number) => (header === 'forwarded' ? `for=198.51.100.${i}` : `198.51.100.${i}`)
      assert.equal(
        await admitted(
          on,
          ten.map((i) => ({ address: '192.0.2.1', headers: { [header]: value(i) } })),
        ),
        LIMIT,
      )
    })
  }

  test('behind the listed proxy each client is counted by itself', async (t) => {
    const on = await start(t, '10.0.0.0/8')
    const clients = ten.map((i) => ({ address: '10.0.0.1', headers: forwarded(`198.51.100.${i}`) }))
    assert.equal(await admitted(on, clients), 10)
  })

  test('behind the listed proxy what the client wrote to the left is ignored', async (t) => {
    const on = await start(t, '10.0.0.0/8')
    const spoofs = ten.map((i) => ({
      address: '10.0.0.1',
      headers: forwarded(`203.0.113.${i}, 10.9.9.9, 198.51.100.1`),
    }))
    assert.equal(await admitted(on, spoofs), LIMIT)
  })

  test('behind the listed proxy no other header is believed', async (t) => {
    const on = await start(t, '10.0.0.0/8')
    for (const [n, header] of SPOOFABLE.slice(1).entries()) {
      const spoofs = ten.map((i) => ({
        address: '10.0.0.1',
        headers: { ...forwarded(`192.0.2.${n}`), [header]: `198.51.100.${i}` },
      }))
      assert.equal(await admitted(on, spoofs), LIMIT, header)
    }
  })

  test('through two listed proxies the first address that is none of theirs counts', async (t) => {
    const on = await start(t, '10.0.0.1,10.0.0.2')
    const chain = (i: number) => `203.0.113.${i}, 198.51.100.1, 10.0.0.2`
    assert.equal(
      await admitted(
        on,
        ten.map((i) => ({ address: '10.0.0.1', headers: forwarded(chain(i)) })),
      ),
      LIMIT,
    )
    const clients = ten.map((i) => ({ address: '10.0.0.1', headers: forwarded(`198.51.101.${i}, 10.0.0.2`) }))
    assert.equal(await admitted(on, clients), 10)
  })

  test('who comes past the proxy is counted as themselves', async (t) => {
    const on = await start(t, '10.0.0.0/8')
    assert.equal(
      await admitted(
        on,
        ten.map((i) => ({ address: '192.0.2.1', headers: forwarded(`198.51.100.${i}`) })),
      ),
      LIMIT,
    )
  })

  test('nonsense behind the proxy is no way round the limit, and no error', async (t) => {
    const on = await start(t, '10.0.0.0/8')
    for (const value of ['', ',', 'unknown', '_hidden', 'x'.repeat(5_000), '::::', '1.2.3.4:80']) {
      const count = await admitted(
        on,
        ten.map(() => ({ address: '10.0.0.1', headers: forwarded(value) })),
      )
      assert.ok(count <= LIMIT, `${value.slice(0, 20)}: ${count}`)
    }
  })

  test('an IPv6 host is counted by its /64, an IPv4 one also when it comes as IPv6', async (t) => {
    const on = await start(t)
    assert.equal(
      await admitted(
        on,
        ten.map((i) => ({ address: `2001:db8:1:2::${i}` })),
      ),
      LIMIT,
    )
    assert.equal(
      await admitted(
        on,
        ten.map((i) => ({ address: `2001:db8:1:${i + 10}::1` })),
      ),
      10,
    )
    const mixed = ten.map((i) => ({ address: i % 2 ? '192.0.2.7' : '::ffff:192.0.2.7' }))
    assert.equal(await admitted(on, mixed), LIMIT)
  })

  test('a session shows the address the proxy saw', async (t) => {
    const on = await start(t, '10.0.0.0/8')
    await on.auth.createUser({ username: 'anna', password: 'quiet-otter-laughs' }, 'user')
    const body = { username: 'anna', password: 'quiet-otter-laughs' }
    const options = { address: '10.0.0.1', headers: forwarded('203.0.113.1, 198.51.100.9') }
    const { body: tokens } = await on.send('POST', '/login', { body, ...options })
    const { body: list } = await on.send('GET', '/api/v1/auth/sessions', { as: tokens.access_token })
    assert.equal(list.items[0].address, '198.51.100.9')
  })
})
