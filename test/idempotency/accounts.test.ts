import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { CleanupStack, PASSWORD, startApp, type TestApp } from '../support/app.ts'
import { assertProblem } from '../support/problem.ts'

const LIMIT = 3

describe('keys of accounts and sessions', () => {
  const cleanup = new CleanupStack()
  let app: TestApp

  before(async () => {
    // Two connections: a request that needed a second one while it holds the first would wait for ever.
    const env = { DATABASE_POOL_SIZE: '2', RATE_LIMIT_LOGIN_ACCOUNT: `${LIMIT}/900`, PASSWORD_HASHES_IN_FLIGHT: '2' }
    app = await startApp(cleanup, { env })
  })
  after(() => cleanup.run())

  const post = (path: string, body: object, key: string, as?: string) =>
    app.send('POST', `/api/v1/auth/${path}`, { as, body, headers: { 'idempotency-key': key } })
  const login = (username: string, key: string, password = PASSWORD) => post('login', { username, password }, key)
  const sessions = async (username: string) => {
    const text = 'select from sessions s join users u on u.id = s.user_id where u.username = $1'
    return (await app.ctx.db.query({ text, values: [username] })).rowCount
  }
  const me = async (token: string) => (await app.send('GET', '/api/v1/users/me', { as: token })).status

  test('a login sent again opens one session and answers the same tokens, sealed in the database', async () => {
    await app.auth.createUser({ username: 'anna', password: PASSWORD }, 'user')
    const first = await login('anna', 'k')
    const again = await login('anna', 'k')
    assert.deepEqual([again.status, again.text, again.headers['idempotent-replayed']], [200, first.text, 'true'])
    assert.equal(await sessions('anna'), 1)
    assert.equal(await me(again.body.access_token), 200)
    const { rows } = await app.ctx.db.query<{ text: string }>({
      text: `select string_agg(k::text || encode(coalesce(body, ''), 'escape'), ' ') as text from idempotency_keys k`,
    })
    for (const secret of [first.body.access_token, first.body.refresh_token, 'access_token', PASSWORD]) {
      assert.ok(rows[0]?.text && !rows[0].text.includes(secret), secret)
    }
  })

  test('a login is replayed to who proves the password, and every attempt counts', async () => {
    await app.auth.createUser({ username: 'bert', password: PASSWORD }, 'user')
    assert.equal((await login('bert', 'k')).status, 200)
    for (let i = 0; i < LIMIT; i++) assertProblem(await login('bert', 'k', 'wrong'), 401, 'INVALID_CREDENTIALS')
    assertProblem(await login('bert', 'k', 'wrong'), 429)
    assertProblem(await login('bert', 'k'), 429)
  })

  test('a login is not replayed after a new password, nor to a disabled user', async () => {
    const carl = await app.auth.createUser({ username: 'carl', password: PASSWORD }, 'user')
    const { body } = await login('carl', 'k')
    await app.ctx.db.query({ text: 'update users set disabled_at = now() where id = $1', values: [carl.id] })
    assertProblem(await login('carl', 'k'), 401, 'INVALID_CREDENTIALS')
    await app.ctx.db.query({ text: 'update users set disabled_at = null where id = $1', values: [carl.id] })
    const passwords = { current_password: PASSWORD, new_password: 'three tall lamps' }
    assert.equal((await post('password', passwords, 'p', body.access_token)).status, 204)
    assertProblem(await login('carl', 'k'), 401, 'INVALID_CREDENTIALS')
  })

  test('a replayed login revives no session that has ended', async () => {
    await app.auth.createUser({ username: 'dora', password: PASSWORD }, 'user')
    const { body } = await login('dora', 'k')
    await app.send('POST', '/api/v1/auth/logout', { as: body.access_token })
    const again = await login('dora', 'k')
    assert.equal(again.status, 200)
    assert.equal(await me(again.body.access_token), 401)
    assertProblem(await post('refresh', { refresh_token: again.body.refresh_token }, 'r'), 401, 'INVALID_REFRESH_TOKEN')
    assert.equal(await sessions('dora'), 1)
  })

  test('a stranger with the key of a registration learns nothing and takes nothing', async () => {
    const mine = { username: 'emma', password: PASSWORD }
    const first = await post('register', mine, 'k')
    assert.equal(first.status, 201)
    assertProblem(await post('register', { ...mine, password: 'not the same one' }, 'k'), 422, 'IDEMPOTENCY_KEY_REUSED')
    assert.equal((await post('register', { username: 'fred', password: PASSWORD }, 'k')).status, 201)
    assert.equal((await post('register', mine, 'k')).text, first.text)
    assertProblem(await post('register', mine, 'other'), 409, 'USERNAME_TAKEN')
  })

  test('a change of password is answered again, though the old one is no longer right', async () => {
    const gina = await app.person('gina')
    const body = { current_password: PASSWORD, new_password: 'four short lamps' }
    assert.equal((await post('password', body, 'k', gina.token)).status, 204)
    const again = await post('password', body, 'k', gina.token)
    assert.deepEqual([again.status, again.text, again.headers['idempotent-replayed']], [204, '', 'true'])
    assertProblem(await post('password', body, 'other', gina.token), 403, 'WRONG_CURRENT_PASSWORD')
    assert.equal((await login('gina', 'l', 'four short lamps')).status, 200)
  })

  test('a refresh is answered again while its successor is unused, also after the ten seconds', async () => {
    const { refreshToken } = await app.person('hugo')
    const refresh = { refresh_token: refreshToken }
    const first = await post('refresh', refresh, 'k')
    assert.equal(first.status, 200)
    await app.ctx.db.query({ text: `update sessions set rotated_at = rotated_at - interval '1 minute'` })
    const again = await post('refresh', refresh, 'k')
    assert.deepEqual([again.status, again.text, again.headers['idempotent-replayed']], [200, first.text, 'true'])
    assert.equal(await me(again.body.access_token), 200)
  })

  test('a refresh token used again once its successor has been used ends the session, key or not', async () => {
    const { refreshToken } = await app.person('ida')
    const first = await post('refresh', { refresh_token: refreshToken }, 'k')
    const next = await post('refresh', { refresh_token: first.body.refresh_token }, 'l')
    assert.equal(await me(next.body.access_token), 200)
    assertProblem(await post('refresh', { refresh_token: refreshToken }, 'k'), 401, 'INVALID_REFRESH_TOKEN')
    assert.equal(await me(next.body.access_token), 401)
    assertProblem(await post('refresh', { refresh_token: next.body.refresh_token }, 'm'), 401)
  })

  test('thirty registrations with keys at once need one connection each', async () => {
    const names = Array.from({ length: 30 }, (_, i) => `many_${i}`)
    const answers = await Promise.all(
      names.map((username) => post('register', { username, password: PASSWORD }, randomUUID())),
    )
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [201])
  })

  test('logins with keys at once need one connection each', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => login(`many_${i}`, 'k')))
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200])
  })
})
