import assert from 'node:assert/strict'
import { tracingChannel } from 'node:diagnostics_channel'
import { after, before, beforeEach, describe, test } from 'node:test'
import pg from 'pg'
import { Tokens } from '../../src/auth/tokens.ts'
import { CleanupStack, type Person, SECRET, startApp, type TestApp } from '../support/app.ts'

const v1 = '/api/v1'

describe('a request like one that was answered before', () => {
  const cleanup = new CleanupStack()
  let app: TestApp
  let admin: Person
  let base: string
  /** How many requests went the way of all: the short cut comes before Fastify. */
  let handled = 0

  before(async () => {
    app = await startApp(cleanup, { env: { RATE_LIMIT_USER: '1000/60' } })
    admin = await app.person('admin', 'admin')
    base = await app.app.http.listen({ host: '127.0.0.1', port: 0 })
    const count = () => void handled++
    const channel = tracingChannel('fastify.request.handler').start
    channel.subscribe(count)
    cleanup.after(async () => void channel.unsubscribe(count))
    for (const title of ['Ä', 'B']) await app.send('POST', `${v1}/tasks`, { as: admin, body: { title } })
  })
  after(() => cleanup.run())
  beforeEach(() => {
    handled = 0
  })

  const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
  async function get(path: string, headers: Record<string, string> = bearer(admin.token)) {
    const answer = await fetch(base + path, { headers, signal: AbortSignal.timeout(10_000) })
    const { date: _date, ...rest } = Object.fromEntries(answer.headers)
    const text = await answer.text()
    return { status: answer.status, headers: rest, text, left: Number(/r=(\d+)/.exec(rest.ratelimit ?? '')?.[1]) }
  }
  /** Asks until it is known, and its page kept. */
  async function untilKnown(path: string, token = admin.token): Promise<void> {
    for (let before = -1; before !== handled; ) {
      before = handled
      assert.equal((await get(path, bearer(token))).status, 200)
      assert.ok(handled < 20, `${path} does not become known`)
    }
  }
  const create = (title: string) => app.send('POST', `${v1}/tasks`, { as: admin, body: { title } })

  test('what is asked once is not remembered', async () => {
    const path = `${v1}/tasks?limit=7`
    for (const [times, cache] of [
      [1, 'miss'],
      [2, 'hit'],
      [2, 'hit'],
    ] as const) {
      assert.equal((await get(path)).headers['x-cache'], cache)
      assert.equal(handled, times)
    }
  })

  for (const path of ['/tasks', `${v1}/tasks`, `${v1}/task-log`, `${v1}/tasks?status=pending&limit=1`]) {
    test(`${path} is answered the same, without being handled`, async () => {
      await untilKnown(path)
      const { etag } = (await get(path)).headers
      handled = 0
      const byFastify = await app.send('GET', path, { as: admin })
      assert.equal(handled, 1)
      const known = await get(path)
      assert.equal(handled, 1)
      assert.equal(known.status, 200)
      assert.equal(known.text, byFastify.text)
      assert.equal(known.headers['x-cache'], 'hit')
      const { date: _date, ratelimit: _limit, connection: _c, ...expected } = byFastify.headers
      const { ratelimit, connection: _k, 'keep-alive': _a, ...headers } = known.headers
      assert.deepEqual(headers, expected)
      assert.match(String(ratelimit), /^"user";r=\d+;t=\d+$/)
      const unchanged = await get(path, { ...bearer(admin.token), 'if-none-match': String(etag) })
      assert.equal(handled, 1)
      const conditional = { as: admin, headers: { 'if-none-match': String(etag) } }
      const byFastify304 = await app.send('GET', path, conditional)
      assert.deepEqual([unchanged.status, unchanged.text, byFastify304.status], [304, '', 304])
      assert.deepEqual(
        Object.keys(unchanged.headers)
          .filter((name) => !['connection', 'keep-alive'].includes(name))
          .sort(),
        Object.keys(byFastify304.headers)
          .filter((name) => !['date', 'connection'].includes(name))
          .sort(),
      )
    })
  }

  test('shows every change at once, and each request is counted once, whichever way it goes', async () => {
    await untilKnown(`${v1}/tasks`)
    handled = 0
    let { left } = await get(`${v1}/tasks`)
    for (const title of ['first', 'second', 'third']) {
      await create(title) // counts as well
      const changed = await get(`${v1}/tasks`)
      assert.equal(JSON.parse(changed.text).items[0].title, title)
      assert.equal(changed.headers['x-cache'], 'miss')
      assert.equal(changed.left, left - 2)
      ;({ left } = await get(`${v1}/tasks`))
      assert.equal(left, changed.left - 1)
    }
    assert.equal(handled, 6)
  })

  test('of many at once each is told its own count', async () => {
    await untilKnown(`${v1}/tasks`)
    const { left } = await get(`${v1}/tasks`)
    const answers = await Promise.all(Array.from({ length: 10 }, () => get(`${v1}/tasks`)))
    const counts = answers.map((answer) => answer.left).sort((a, b) => b - a)
    assert.deepEqual(
      counts,
      Array.from({ length: 10 }, (_, i) => left - 1 - i),
    )
  })

  test('is refused where its session has ended, and is known no more', async () => {
    const person = await app.person('gone')
    await untilKnown(`${v1}/tasks`, person.token)
    await app.send('POST', `${v1}/auth/logout`, { as: person })
    const again = await app.login('gone')
    const { left } = await get(`${v1}/tasks`, bearer(again.token))
    for (let i = 0; i < 5; i++) {
      const refused = await get(`${v1}/tasks`, bearer(person.token))
      assert.equal(refused.status, 401)
      assert.equal(JSON.parse(refused.text).code, 'INVALID_TOKEN')
      assert.match(String(refused.headers['ratelimit-policy']), /address/)
    }
    // At most one of them was counted for its user.
    assert.ok((await get(`${v1}/tasks`, bearer(again.token))).left >= left - 2)
  })

  test('is refused once its token has expired', async () => {
    const { sessionId } = await app.auth.tokens.verifyAccess(admin.token)
    const short = await new Tokens(SECRET, undefined, 2).signAccess(admin.id, sessionId)
    await untilKnown(`${v1}/tasks`, short.token)
    await new Promise((resolve) => setTimeout(resolve, 2_100))
    assert.equal((await get(`${v1}/tasks`, bearer(short.token))).status, 401)
  })

  test('is refused once its user is over their limit', async () => {
    const limited = await startApp(cleanup, { databaseUrl: app.databaseUrl, env: { RATE_LIMIT_USER: '4/60' } })
    const url = `${await limited.app.http.listen({ host: '127.0.0.1', port: 0 })}${v1}/tasks`
    const person = await limited.person('limited')
    const statuses: number[] = [] // one request was counted for the login
    for (let i = 0; i < 5; i++) {
      const answer = await fetch(url, { headers: bearer(person.token) })
      statuses.push(answer.status)
      if (answer.status === 429) assert.match(String(answer.headers.get('retry-after')), /^\d+$/)
      await answer.text()
    }
    assert.deepEqual(statuses, [200, 200, 200, 429, 429])
  })

  test('means another day when the day is another one', async (t) => {
    const { config } = app.ctx
    const { timeZone } = config
    t.after(() => {
      config.timeZone = timeZone
    })
    // An address of its own: one that is known in another zone, where the day has the same date, would stay known as that.
    config.timeZone = 'Pacific/Niue'
    await untilKnown('/tasks?page=1')
    handled = 0
    config.timeZone = 'Pacific/Kiritimati' // 25 hours ahead
    assert.equal((await get('/tasks?page=1')).status, 200)
    assert.equal(handled, 1)
  })

  test('is looked at where its head asks for more', async () => {
    await untilKnown(`${v1}/tasks`)
    assert.equal((await get(`${v1}/tasks`, { ...bearer(admin.token), 'content-encoding': 'gzip' })).status, 415)
    assert.equal((await get(`${v1}/tasks`, {})).status, 401)
    const head = await fetch(`${base}${v1}/tasks`, { method: 'HEAD', headers: bearer(admin.token) })
    assert.equal(await head.text(), '')
    const wrong = await fetch(`${base}${v1}/tasks`, { method: 'DELETE', headers: bearer(admin.token) })
    assert.equal(wrong.status, 400)
  })

  test('is told that the database does not answer, in time and all the same', async (t) => {
    await untilKnown(`${v1}/tasks`)
    const client = new pg.Client(app.databaseUrl)
    await client.connect()
    t.after(() => client.end())
    await client.query('begin; lock table access_changes')
    const began = performance.now()
    const answers = await Promise.all([get(`${v1}/tasks`), get(`${v1}/tasks`)])
    assert.ok(performance.now() - began < 6_000)
    for (const { status, text } of answers) {
      assert.equal(status, 503)
      assert.equal(JSON.parse(text).status, 503)
    }
    await client.query('rollback')
    assert.equal((await get(`${v1}/tasks`)).status, 200)
  })

  test('takes a place among those under way, and gives it back', async (t) => {
    const small = await startApp(cleanup, { databaseUrl: app.databaseUrl, env: { REQUESTS_AT_ONCE: '10' } })
    const url = `${await small.app.http.listen({ host: '127.0.0.1', port: 0 })}${v1}/tasks`
    const ask = async () => (await fetch(url, { headers: bearer(admin.token) })).status
    for (let i = 0; i < 5; i++) assert.equal(await ask(), 200)
    const client = new pg.Client(app.databaseUrl)
    await client.connect()
    t.after(() => client.end())
    await client.query('begin; lock table access_changes')
    const waiting = Array.from({ length: 10 }, ask)
    await new Promise((resolve) => setTimeout(resolve, 200))
    assert.equal(await ask(), 503)
    await client.query('rollback')
    assert.deepEqual(new Set(await Promise.all(waiting)), new Set([200]))
    for (let i = 0; i < 15; i++) assert.equal(await ask(), 200)
  })
})
