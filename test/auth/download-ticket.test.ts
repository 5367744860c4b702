import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Tokens } from '../../src/auth/tokens.ts'
import { type Answer, CleanupStack, type Person, startApp, type TestApp } from '../support/app.ts'
import { assertPointsTo, assertProblem } from '../support/problem.ts'

const FILE = '/api/v1/tasks.csv?status=active'

describe('a ticket for a download', () => {
  const cleanup = new CleanupStack()
  let app: TestApp
  let anna: Person
  before(async () => {
    app = await startApp(cleanup)
    anna = await app.person('anna')
    await app.send('POST', '/api/v1/tasks', { as: anna, body: { title: 'Pack', status: 'active' } })
  })
  after(() => cleanup.run())

  const ask = (path = FILE, headers: Record<string, string> = {}, as: Person | string = anna) =>
    app.send('POST', '/api/v1/auth/downloads', { as, headers, body: { path } })
  const cookieOf = (answer: Answer): string => {
    assert.equal(answer.status, 204, answer.text)
    return String(answer.headers['set-cookie']).split(';')[0] ?? ''
  }
  const open = (cookie: string, url = FILE, headers = {}) => app.send('GET', url, { headers: { cookie, ...headers } })
  const isRefused = (answer: Answer) => assertProblem(answer, 401, 'INVALID_TOKEN')

  test('opens its address without an access token, and goes with that', async () => {
    const answer = await ask()
    assert.match(
      String(answer.headers['set-cookie']),
      /^tasklog_download=[\w.-]+; Path=\/api\/v1\/tasks\.csv; Max-Age=60; HttpOnly; SameSite=Strict$/,
    )
    const file = await open(cookieOf(answer), FILE, { 'sec-fetch-site': 'same-origin' })
    assert.equal(file.status, 200, file.text)
    assert.match(file.text, /Pack/)
    assert.match(String(file.headers['set-cookie']), /^tasklog_download=; Path=\/api\/v1\/tasks\.csv; Max-Age=0;/)
    assert.equal((await app.send('GET', FILE)).status, 401)
  })

  test('opens no other address', async () => {
    const cookie = cookieOf(await ask())
    for (const url of ['/api/v1/tasks.csv', `${FILE}&q=x`, '/api/v1/tasks.ndjson?status=active'])
      isRefused(await open(cookie, url))
  })

  test('opens nothing but files, whatever it was asked for', async () => {
    for (const url of ['/api/v1/tasks', '/api/v1/users/me', '/api/v1/auth/sessions'])
      assertProblem(await open(cookieOf(await ask(url)), url), 401, 'AUTHENTICATION_REQUIRED')
  })

  test('is no access token, nor is that a ticket', async () => {
    const ticket = cookieOf(await ask()).slice('tasklog_download='.length)
    isRefused(await app.send('GET', '/api/v1/users/me', { as: ticket }))
    isRefused(await open(`tasklog_download=${anna.token}`))
    // Nor is what the browser stays signed in with.
    assertProblem(await open(`tasklog_refresh=${anna.refreshToken}`), 401, 'AUTHENTICATION_REQUIRED')
  })

  test('ends after a minute, and with its session', async () => {
    const late = new Tokens(app.ctx.config.jwtSecretKey ?? '', undefined, 60)
    const { session_id: sessionId } = (
      await app.ctx.db.query<{ session_id: string }>({
        text: 'select id as session_id from sessions where user_id = $1 limit 1',
        values: [anna.id],
      })
    ).rows[0] as { session_id: string }
    isRefused(await open(`tasklog_download=${await late.signDownload({ id: anna.id, sessionId }, FILE, -1)}`))
    const once = await app.login('anna')
    const cookie = cookieOf(await ask(FILE, {}, once.token))
    await app.send('POST', '/api/v1/auth/logout', { as: once.token })
    isRefused(await open(cookie))
  })

  test('is not taken from pages of other sites', async () => {
    const cookie = cookieOf(await ask())
    for (const site of ['cross-site', 'same-site'])
      assertProblem(await open(cookie, FILE, { 'sec-fetch-site': site }), 403, 'COOKIE_NOT_FROM_HERE')
  })

  test('is for TLS only where the page came over it, though the download does not say so', async () => {
    const answer = await ask(FILE, { origin: 'https://tasks.example', host: 'tasks.example' })
    assert.match(String(answer.headers['set-cookie']), /^__Secure-tasklog_download=.*; Secure$/)
    const file = await open(cookieOf(answer))
    assert.equal(file.status, 200)
    assert.match(String(file.headers['set-cookie']), /^__Secure-tasklog_download=; .*Max-Age=0.*; Secure$/)
  })

  test('is for a path of the API', async () => {
    for (const path of ['https://elsewhere.example/api/v1/tasks.csv', '//elsewhere/api/v1/x', '/api/v1/x; Path=/', '/'])
      assertPointsTo(await ask(path), '/path', path)
  })
})
