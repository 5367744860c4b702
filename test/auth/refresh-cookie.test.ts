import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { type Answer, CleanupStack, PASSWORD, startApp, type TestApp } from '../support/app.ts'
import { assertProblem } from '../support/problem.ts'

const v1 = '/api/v1/auth'
const HERE = { host: 'tasks.example', origin: 'http://tasks.example' }
const TLS = { ...HERE, origin: 'https://tasks.example' }

/** A browser's jar with one cookie in it. */
interface Session {
  access: string
  cookie: string
}

describe('a refresh token in a cookie', () => {
  const cleanup = new CleanupStack()
  let app: TestApp

  before(async () => {
    app = await startApp(cleanup, { env: { TRUST_PROXY: '10.0.0.0/8' } })
    await app.person('anna')
  })
  after(() => cleanup.run())

  const post = (path: string, headers: Record<string, string>, body?: object, as?: string) =>
    app.send('POST', `${v1}/${path}`, { headers, body, as })
  const logIn = (headers: Record<string, string> = HERE, address?: string) =>
    app.send('POST', `${v1}/login`, { headers, address, body: { username: 'anna', password: PASSWORD, cookie: true } })
  const sessionOf = (answer: Answer): Session => {
    assert.equal(answer.status, 200, answer.text)
    assert.deepEqual(Object.keys(answer.body), ['access_token', 'token_type', 'expires_in'])
    return { access: answer.body.access_token, cookie: setCookie(answer).split(';')[0] as string }
  }
  const open = async () => sessionOf(await logIn())
  const refresh = ({ cookie }: Session, headers: Record<string, string> = HERE) =>
    post('refresh', { ...headers, cookie }, { cookie: true })
  const rotate = async (session: Session) => sessionOf(await refresh(session))
  const isAlive = async ({ access }: Session) =>
    (await app.send('GET', '/api/v1/users/me', { as: access })).status === 200
  const letGracePass = () => app.ctx.db.query({ text: `update sessions set rotated_at = rotated_at - interval '11 s'` })

  test('is given by a login and by each refresh, and stands in no body', async () => {
    const answer = await logIn()
    const first = sessionOf(answer)
    assert.match(
      setCookie(answer),
      /^tasklog_refresh=[\w.-]{80,}; Path=\/api\/v1\/auth; Max-Age=2592000; HttpOnly; SameSite=Strict$/,
    )
    const second = await rotate(first)
    assert.notEqual(second.cookie, first.cookie)
    assert.ok((await isAlive(first)) && (await isAlive(second)))
  })

  test('is for TLS only where the browser speaks TLS, whoever ends it', async () => {
    const behind = { ...HERE, 'x-forwarded-proto': 'https' }
    for (const [answer, secure] of [
      [await logIn(TLS), true],
      [await logIn(behind, '10.1.2.3'), true],
      [await logIn(behind, '192.0.2.1'), false],
      [await logIn({}), false],
    ] as const) {
      assert.equal(setCookie(answer).startsWith('__Secure-tasklog_refresh='), secure)
      assert.equal(setCookie(answer).endsWith('; Secure'), secure)
    }
    const session = sessionOf(await logIn(TLS))
    assert.equal((await refresh(session, TLS)).status, 200)
    // Over plain HTTP anybody in between could have planted it.
    const planted = { ...session, cookie: session.cookie.replace('__Secure-', '') }
    assertProblem(await refresh(planted, TLS), 401, 'INVALID_REFRESH_TOKEN')
  })

  test('is taken from pages of the same origin only, and a refusal uses nothing up', async () => {
    const session = await open()
    const { host } = HERE
    for (const foreign of [
      { host, origin: 'http://evil.example' },
      { host, origin: 'http://tasks.example.evil.example' },
      { host, origin: 'http://sub.tasks.example' },
      { host, origin: 'http://tasks.example:8080' },
      { host, origin: 'null' },
      { host, origin: '' },
      { ...HERE, 'sec-fetch-site': 'cross-site' },
      { ...HERE, 'sec-fetch-site': 'same-site' },
      { ...HERE, 'sec-fetch-site': 'none' },
      { ...HERE, 'x-forwarded-host': 'evil.example', origin: 'http://evil.example' },
    ]) {
      const what = JSON.stringify(foreign)
      assertProblem(await refresh(session, foreign), 403, 'COOKIE_NOT_FROM_HERE', what)
      const loggedOut = await post('logout', { ...foreign, cookie: session.cookie }, undefined, session.access)
      assertProblem(loggedOut, 403, 'COOKIE_NOT_FROM_HERE', what)
      const login = await logIn(foreign)
      assertProblem(login, 403, 'COOKIE_NOT_FROM_HERE', what)
      assert.equal(login.headers['set-cookie'], undefined)
    }
    assert.ok(await isAlive(session))
    for (const ours of [HERE, { ...HERE, 'sec-fetch-site': 'same-origin' }, { host }]) {
      assert.equal((await refresh(session, ours)).status, 200, JSON.stringify(ours))
    }
    // Behind a proxy that names another host, the browser still says whose page it is.
    const renamed = { host: 'internal:5000', origin: 'http://tasks.example', 'sec-fetch-site': 'same-origin' }
    assert.equal((await refresh(session, renamed)).status, 200)
  })

  test('is taken with JSON only, which no form of another site can send', async () => {
    const session = await open()
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'text/json',
    ]) {
      const headers = { ...HERE, cookie: session.cookie, 'content-type': type }
      for (const path of ['refresh', 'logout']) {
        const answer = await app.send('POST', `${v1}/${path}`, {
          headers,
          payload: '{"cookie":true}',
          as: session.access,
        })
        assertProblem(answer, 403, 'COOKIE_NOT_FROM_HERE', `${path} ${type}`)
      }
    }
    assert.ok(await isAlive(await rotate(session)))
  })

  test('used again after its grace, it ends the session; within, it has the same successor', async () => {
    const first = await open()
    const second = await rotate(first)
    assert.equal((await rotate(first)).cookie, second.cookie)
    const third = await rotate(second)
    await letGracePass()
    assertProblem(await refresh(second), 401, 'INVALID_REFRESH_TOKEN')
    assertProblem(await refresh(third), 401, 'INVALID_REFRESH_TOKEN')
    assert.equal(await isAlive(third), false)
  })

  test('used by fifty tabs at once, it has one successor', async () => {
    const first = await open()
    const sessions = await Promise.all(Array.from({ length: 50 }, () => rotate(first)))
    assert.equal(new Set(sessions.map(({ cookie }) => cookie)).size, 1)
  })

  test('goes with a log out that races refreshes', async () => {
    const first = await open()
    const [out, ...answers] = await Promise.all([
      post('logout', { ...HERE, cookie: first.cookie }, undefined, first.access),
      ...Array.from({ length: 4 }, () => refresh(first)),
    ])
    assert.equal(out?.status, 204)
    assert.match(
      setCookie(out as Answer),
      /^tasklog_refresh=; Path=\/api\/v1\/auth; Max-Age=0; HttpOnly; SameSite=Strict$/,
    )
    for (const session of [first, ...answers.filter(({ status }) => status === 200).map(sessionOf)]) {
      assertProblem(await refresh(session), 401)
      assert.equal(await isAlive(session), false)
    }
  })

  test('is not looked at unless it is asked for, and not both ways at once', async () => {
    const { cookie } = await open()
    const { refreshToken } = await app.login('anna')
    const both = { refresh_token: refreshToken, cookie: true }
    assertProblem(await post('refresh', { ...HERE, cookie }, both), 400)
    assertProblem(await post('refresh', { ...HERE, cookie }, {}), 400)
    assertProblem(await post('refresh', { ...HERE, cookie }, { cookie: false }), 400)
    assertProblem(await post('refresh', HERE, { cookie: true }), 401, 'INVALID_REFRESH_TOKEN')
    const inBody = await post('refresh', { ...HERE, cookie }, { refresh_token: refreshToken })
    assert.ok(inBody.body.refresh_token)
    assert.equal(inBody.headers['set-cookie'], undefined)
    const others = `theme=dark; xtasklog_refresh=a; ${cookie}; tasklog_refreshed=b`
    assert.equal((await post('refresh', { ...HERE, cookie: others }, { cookie: true })).status, 200)
  })

  test('with a key, is answered again with the same successor, and kept nowhere in the open', async () => {
    const first = await open()
    const key = randomUUID()
    const send = (cookie: string) => post('refresh', { ...HERE, cookie, 'idempotency-key': key }, { cookie: true })
    const answer = await send(first.cookie)
    await letGracePass()
    const again = await send(first.cookie)
    assert.deepEqual([again.text, setCookie(again)], [answer.text, setCookie(answer)])
    assert.equal(again.headers['idempotent-replayed'], 'true')
    const { rows } = await app.ctx.db.query<{ text: string }>({
      text: `select string_agg(k::text || encode(coalesce(body, ''), 'escape'), ' ') as text from idempotency_keys k`,
    })
    assert.ok(rows[0]?.text && !rows[0].text.includes(sessionOf(answer).cookie.split('.')[2] as string))
    // The key is that of a request with this cookie, of which the bytes of the body say nothing.
    assertProblem(await send(sessionOf(answer).cookie), 422, 'IDEMPOTENCY_KEY_REUSED')
  })
})

function setCookie({ headers }: Answer): string {
  const value = headers['set-cookie']
  assert.equal(typeof value, 'string')
  return value as string
}
