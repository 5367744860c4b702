import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Answer, CleanupStack, PASSWORD, startApp, type TestApp } from '../support/app.ts'
import { cpuMs } from '../support/cpu.ts'
import { assertProblem } from '../support/problem.ts'
import { redisUrl } from '../support/redis.ts'

const LIMIT = 10

describe('logging in', () => {
  const cleanup = new CleanupStack()
  let app: TestApp

  before(async () => {
    app = await startApp(cleanup, { redisUrl: redisUrl(1), env: { RATE_LIMIT_LOGIN_ACCOUNT: `${LIMIT}/900` } })
    await app.auth.createUser({ username: 'Anna', password: PASSWORD }, 'user')
    const gone = await app.auth.createUser({ username: 'gone', password: PASSWORD }, 'user')
    await app.ctx.db.query({ text: 'update users set disabled_at = now() where id = $1', values: [gone.id] })
  })
  after(() => cleanup.run())

  const login = (
    username: string,
    password: string,
    options: { url?: string; address?: string; on?: TestApp } = {},
  ) => {
    const { url = '/api/v1/auth/login', address, on = app } = options
    return on.send('POST', url, { body: { username, password }, address })
  }

  for (const url of ['/login', '/api/v1/auth/login']) {
    test(`${url} answers an unknown name, a wrong password and a disabled user with the same bytes`, async () => {
      const answers = [
        await login('nobody_at_all', PASSWORD, { url }),
        await login('anna', 'not her password', { url }),
        await login('gone', PASSWORD, { url }),
        await login('gone', 'not their password', { url }),
        await login('no such name, not even a possible one', PASSWORD, { url }),
        await login('İ'.repeat(200), PASSWORD, { url }),
      ]
      for (const answer of answers) {
        assertProblem(answer, 401, 'INVALID_CREDENTIALS')
        assert.deepEqual(comparable(answer), comparable(answers[0] as Answer))
      }
    })
  }

  test('an unknown name costs a hash, as a known one does', async () => {
    const cheapest = async (username: (i: number) => string) => {
      const costs = []
      for (let i = 0; i < 4; i++) costs.push(await cpuMs(() => login(username(i), 'a wrong password')))
      return Math.min(...costs)
    }
    await app.auth.createUser({ username: 'timed', password: PASSWORD }, 'user')
    const [unknown, known] = [await cheapest((i) => `unknown_${i}`), await cheapest(() => 'timed')]
    // Coarse on purpose: without the hash it is a tenth. bench/ measures it finely.
    assert.ok(unknown > known / 2, `unknown ${unknown} ms, known ${known} ms`)
  })

  test('the name may be written in any case', async () => {
    for (const name of ['anna', 'ANNA', 'Anna']) assert.ok((await app.login(name)).token)
  })

  test('of 100 parallel wrong passwords the limit is tried; the rest wait, as does the right one', async () => {
    const owner = await app.person('locked')
    const answers = await Promise.all(Array.from({ length: 100 }, () => login('locked', 'a wrong password')))
    assert.equal(answers.filter((answer) => answer.status === 401).length, LIMIT)
    const refused = answers.filter((answer) => answer.status === 429)
    assert.equal(refused.length, 100 - LIMIT)
    for (const answer of [...refused, await login('locked', PASSWORD)]) {
      assertProblem(answer, 429, 'QUOTA_EXCEEDED')
      const wait = Number(answer.headers['retry-after'])
      assert.ok(wait > 0 && wait <= 900, `${wait}`)
      assert.deepEqual(answer.body['violated-policies'], ['login-per-account'])
    }
    assert.equal((await app.send('GET', '/api/v1/users/me', { as: owner })).status, 200, 'her session lives on')
    assert.ok((await app.login('anna')).token, 'others are not concerned')
  })

  test('the lock holds in another instance, after a restart and after Redis was emptied', async (t) => {
    assertProblem(await login('locked', PASSWORD), 429)
    await app.ctx.redis?.client.flushDb()
    assertProblem(await login('locked', PASSWORD), 429)
    const restarted = await startApp(t, { databaseUrl: app.databaseUrl })
    assertProblem(await login('locked', PASSWORD, { on: restarted }), 429)
  })

  test('the lock holds however the name is written', async () => {
    await app.auth.createUser({ username: 'kiki', password: PASSWORD }, 'user')
    // U+0130 and U+212A become i and k in the lower case of the database.
    const spellings = ['kiki', 'KIKI', 'KİKİ', '\u212Ai\u212Ai', 'k\u0130ki', 'ki\u212A\u0130']
    for (let i = 0; i < LIMIT * 2; i++) await login(spellings[i % spellings.length] as string, 'a wrong password')
    for (const spelling of spellings) {
      const { status } = await login(spelling, PASSWORD)
      assert.ok(status === 429 || status === 401, `${JSON.stringify(spelling)} answered ${status}`)
    }
  })

  test('a success forgets the failures before it', async () => {
    await app.auth.createUser({ username: 'clumsy', password: PASSWORD }, 'user')
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < LIMIT - 1; i++) assertProblem(await login('clumsy', 'a wrong password'), 401)
      assert.equal((await login('clumsy', PASSWORD)).status, 200)
    }
  })

  test('an address is limited whatever names it tries, and what it is refused does not lock anybody', async (t) => {
    const env = { RATE_LIMIT_LOGIN_ADDRESS: '5/900', RATE_LIMIT_LOGIN_ACCOUNT: '3/900' }
    const strict = await startApp(t, { databaseUrl: app.databaseUrl, env })
    const from = (address: string) => ({ on: strict, address })
    for (let i = 0; i < 5; i++) assertProblem(await login(`spray_${i}`, 'x', from('192.0.2.1')), 401)
    for (let i = 0; i < 5; i++) {
      const answer = await login('anna', PASSWORD, from('192.0.2.1'))
      assertProblem(answer, 429)
      assert.deepEqual(answer.body['violated-policies'], ['login-per-address'])
    }
    assert.equal((await login('anna', PASSWORD, from('192.0.2.2'))).status, 200)
  })

  test('an account is limited from however many addresses it is tried', async () => {
    const tries = Array.from({ length: LIMIT * 2 }, (_, i) => login('everywhere', 'x', { address: `198.51.100.${i}` }))
    const statuses = (await Promise.all(tries)).map((answer) => answer.status)
    assert.equal(statuses.filter((status) => status === 401).length, LIMIT)
  })

  test('logging in with the right password does not use up the limit of the address', async (t) => {
    const strict = await startApp(t, { databaseUrl: app.databaseUrl, env: { RATE_LIMIT_LOGIN_ADDRESS: '2/900' } })
    const options = { on: strict, address: '192.0.2.3' }
    for (let i = 0; i < 5; i++) assert.equal((await login('anna', PASSWORD, options)).status, 200)
  })

  test('a log holds no password and no token', async (t) => {
    const lines: string[] = []
    const { createLogger } = await import('../../src/platform/logger.ts')
    const log = createLogger('trace', { write: (line) => void lines.push(line) })
    const talkative = await startApp(t, { databaseUrl: app.databaseUrl, log })
    const { token, refreshToken } = await talkative.login('anna')
    await login('anna', 'wrong-but-secret', { on: talkative })
    await talkative.send('POST', '/api/v1/auth/refresh', { body: { refresh_token: refreshToken } })
    assert.ok(lines.length > 3)
    for (const secret of [PASSWORD, 'wrong-but-secret', token, refreshToken]) {
      assert.ok(!lines.some((line) => line.includes(secret)))
    }
  })
})

/** What a caller can tell answers apart by: clocks and counters are everybody's. */
function comparable({ status, text, headers: { date, ratelimit, ...headers } }: Answer) {
  return { status, text, headers }
}
