import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Answer, CleanupStack, multipart, PASSWORD, type Person, startApp, type TestApp } from '../support/app.ts'
import { startDatabaseProxy } from '../support/database-proxy.ts'
import { assertProblem } from '../support/problem.ts'

const v1 = '/api/v1'

describe('limits', () => {
  const cleanup = new CleanupStack()
  let app: TestApp
  let anna: Person

  before(async () => {
    app = await startApp(cleanup)
    anna = await app.person('anna')
  })
  after(() => cleanup.run())

  /** An instance with limits of its own over the same people. */
  const strict = (t: Parameters<typeof startApp>[0], env: Record<string, string>) =>
    startApp(t, { databaseUrl: app.databaseUrl, env })
  const me = (on: TestApp, as: Person = anna) => on.send('GET', `${v1}/users/me`, { as })
  const login = (on: TestApp, username = 'anna', password = PASSWORD) =>
    on.send('POST', `${v1}/auth/login`, { body: { username, password } })
  const refresh = (on: TestApp, refresh_token: string) =>
    on.send('POST', `${v1}/auth/refresh`, { body: { refresh_token } })
  const remaining = ({ headers }: Answer) => Number(/;r=(\d+)/.exec(String(headers.ratelimit))?.[1])
  async function spend(times: number, send: () => Promise<Answer>): Promise<void> {
    for (let i = 0; i < times; i++) assert.notEqual((await send()).status, 429)
  }

  function assertLimited(answer: Answer, policy: string): void {
    assertProblem(answer, 429, 'QUOTA_EXCEEDED')
    assert.equal(answer.body.type, 'https://iana.org/assignments/http-problem-types#quota-exceeded')
    assert.deepEqual(answer.body['violated-policies'], [policy])
    assert.ok(Number(answer.headers['retry-after']) >= 1)
  }

  test('every answer tells the policy, what is left of it and when it begins anew', async (t) => {
    const on = await strict(t, { RATE_LIMIT_USER: '5/60' })
    for (const left of [4, 3, 2]) {
      const { headers } = await me(on)
      assert.equal(headers['ratelimit-policy'], '"user";q=5;w=60')
      assert.match(String(headers.ratelimit), new RegExp(`^"user";r=${left};t=\\d+$`))
    }
  })

  test('who has a valid token spends nothing of their address while the database is away', async (t) => {
    const proxy = await startDatabaseProxy(t, app.databaseUrl)
    const on = await startApp(t, { databaseUrl: proxy.url, env: { RATE_LIMIT_ADDRESS: '3/60' } })
    proxy.decide(() => 'cut before')
    for (let i = 0; i < 5; i++) assertProblem(await me(on), 503, 'DATABASE_UNAVAILABLE')
  })

  test('one request too many is 429 and does nothing; after the wait it is let in', async (t) => {
    const on = await strict(t, { RATE_LIMIT_USER: '3/2' })
    await spend(3, () => me(on))
    const refused = await on.send('POST', `${v1}/tasks`, { as: anna, body: { title: 'not to be made' } })
    assertLimited(refused, 'user')
    assert.equal(remaining(refused), 0)
    await new Promise((resolve) => setTimeout(resolve, 1_000 * Number(refused.headers['retry-after'])))
    const { body } = await on.send('GET', `${v1}/tasks`, { as: anna })
    assert.deepEqual(body.items, [])
  })

  test('a user has one limit for all their sessions, and no other user feels it', async (t) => {
    const on = await strict(t, { RATE_LIMIT_USER: '4/60' })
    const [again, bert] = [await app.login('anna'), await app.person('bert')]
    await spend(2, () => me(on))
    await spend(2, () => me(on, again))
    assertLimited(await me(on), 'user')
    assertLimited(await me(on, again), 'user')
    assert.equal((await me(on, bert)).status, 200)
  })

  test('parallel requests are counted one by one', async (t) => {
    const on = await strict(t, { RATE_LIMIT_USER: '7/60' })
    const answers = await Promise.all(Array.from({ length: 20 }, () => me(on)))
    assert.equal(answers.filter((answer) => answer.status === 200).length, 7)
  })

  test('who shows no good token is counted by address, on every route and on none', async (t) => {
    const on = await strict(t, { RATE_LIMIT_ADDRESS: '4/60' })
    assertProblem(await on.send('GET', `${v1}/tasks`), 401)
    assertProblem(await on.send('GET', `${v1}/tasks`, { as: 'forged' }), 401)
    assertProblem(await on.send('GET', '/nowhere'), 404)
    assert.equal((await on.send('GET', '/openapi.json')).status, 200)
    for (const url of [`${v1}/tasks`, '/nowhere', '/openapi.json', '/docs']) {
      assertLimited(await on.send('GET', url), 'address')
    }
    assert.equal((await me(on)).status, 200, 'who is logged in has a limit of their own')
    const elsewhere = await on.send('GET', '/openapi.json', { address: '192.0.2.9' })
    assert.equal(elsewhere.status, 200)
  })

  test('health is never limited', async (t) => {
    const on = await strict(t, { RATE_LIMIT_ADDRESS: '1/60' })
    for (let i = 0; i < 5; i++) {
      for (const url of ['/livez', '/readyz', '/metrics']) assert.equal((await on.send('GET', url)).status, 200)
    }
  })

  test('registration has a limit by address, counted before the body is looked at', async (t) => {
    const on = await strict(t, { RATE_LIMIT_REGISTRATION: '2/60' })
    const register = (url: string, username: string) => on.send('POST', url, { body: { username, password: PASSWORD } })
    assert.equal((await register(`${v1}/auth/register`, 'carl')).status, 201)
    assertProblem(await register('/register', '!'), 400)
    for (const url of ['/register', `${v1}/auth/register`]) assertLimited(await register(url, 'dora'), 'registration')
    assert.equal((await login(on)).status, 200)
  })

  test('uploads have a limit by user, counted before the file is read', async (t) => {
    const on = await strict(t, { RATE_LIMIT_UPLOAD: '1/60', UPLOAD_WAIT_SECONDS: '0' })
    const admin = await on.person('ada', 'admin')
    const upload = () => on.send('POST', '/upload-csv', { as: admin, ...multipart('not,the,header\n') })
    assertProblem(await upload(), 422)
    assertLimited(await upload(), 'upload')
    assert.equal((await me(on, admin)).status, 200)
  })

  test('an exhausted login limit leaves refreshing, health and sessions alone', async (t) => {
    const on = await strict(t, { RATE_LIMIT_LOGIN_ADDRESS: '2/900' })
    const { refreshToken } = await app.login('anna')
    await spend(2, () => login(on, 'nobody_here'))
    assertLimited(await login(on), 'login-per-address')
    assert.equal((await refresh(on, refreshToken)).status, 200)
    assert.equal((await me(on)).status, 200)
    assert.equal((await on.send('GET', '/livez')).status, 200)
  })

  test('failed refreshes and registrations use up nothing of the login limit', async (t) => {
    const on = await strict(t, { RATE_LIMIT_LOGIN_ADDRESS: '1/901', RATE_LIMIT_LOGIN_ACCOUNT: '1/901' })
    for (let i = 0; i < 5; i++) assertProblem(await refresh(on, 'forged'), 401)
    for (let i = 0; i < 3; i++) assertProblem(await on.send('POST', '/register', { body: {} }), 400)
    // Counted per process run before: the address of this test only.
    const answer = await on.send('POST', '/login', {
      body: { username: 'anna', password: PASSWORD },
      address: '192.0.2.77',
    })
    assert.equal(answer.status, 200)
  })
})
