import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get } from 'node:http'
import { connect } from 'node:net'
import { after, before, describe, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createLogger } from '../../src/platform/logger.ts'
import { type Answer, CleanupStack, type Person, startApp, type TestApp } from '../support/app.ts'
import { openTransaction } from '../support/database.ts'
import { assertProblem } from '../support/problem.ts'
import { until } from '../support/process.ts'

const POOL = 3
const AT_ONCE = 10
/** Until a request is told that it will not be answered, with something for the machine. */
const TOLD_MS = 2_500

/** By a timer of the same event loop, which a busy machine delays as much as the answer. */
async function inTime<T>(answer: Promise<T>): Promise<T> {
  const late = sleep(TOLD_MS, undefined, { ref: false }).then(() => assert.fail(`no answer in ${TOLD_MS} ms`))
  return Promise.race([answer, late])
}

describe('a server with more to do than it can', () => {
  const cleanup = new CleanupStack()
  const lines: string[] = []
  let app: TestApp
  let john: Person

  before(async () => {
    app = await startApp(cleanup, {
      env: { DATABASE_POOL_SIZE: String(POOL), REQUESTS_AT_ONCE: String(AT_ONCE), STATEMENT_TIMEOUT_MS: '8000' },
      log: createLogger('warn', { write: (line) => void lines.push(JSON.parse(line).msg) }),
    })
    john = await app.person('john_doe')
    await app.send('GET', '/readyz')
  })
  after(() => cleanup.run())

  const list = () => app.send('GET', '/api/v1/tasks', { as: john })
  const shed = async () =>
    Number(/^tasklog_requests_shed_total (\d+)$/m.exec((await app.send('GET', '/metrics')).text)?.[1])
  const underWay = async () =>
    Number(/^tasklog_requests_under_way\{kind="short"\} (\d+)$/m.exec((await app.send('GET', '/metrics')).text)?.[1])

  function assertToldToWait(answer: Answer, code: string): void {
    assertProblem(answer, 503, code)
    assert.match(String(answer.headers['retry-after']), /^[1-9]\d?$/)
  }

  test('refuses what is too much at once, answers the rest, and counts every request that is over', async () => {
    const before = await shed()
    const answers = await Promise.all(Array.from({ length: AT_ONCE * 3 }, list))
    const refused = answers.filter(({ status }) => status !== 200)
    assert.equal(refused.length, AT_ONCE * 2)
    for (const answer of refused) assertToldToWait(answer, 'OVERLOADED')
    assert.equal((await shed()) - before, refused.length)
    for (let i = 0; i < AT_ONCE * 3; i++) assert.equal((await list()).status, 200)
    assert.equal(await underWay(), 0)
    assert.equal(lines.filter((line) => /too many requests at once/.test(line)).length, 1, 'it is said once')
    assert.ok(!lines.includes('request refused'), 'and not for each')
  })

  test('says within two seconds that every connection is taken, and health is not among those that wait', async (t) => {
    const others = await openTransaction(t, app.databaseUrl)
    await others.query({ text: 'lock table projects in exclusive mode' })
    const stuck = Array.from({ length: POOL }, () =>
      app.send('POST', '/api/v1/projects', { as: john, body: { name: 'P' } }),
    )
    await others.someoneWaits(POOL, 6_000)
    await sleep(1_100) // what health saw before is shared for a second
    const unkept = app.send('GET', '/api/v1/projects', { as: john })
    const answers = Promise.all([unkept, app.send('GET', '/readyz'), app.send('GET', '/livez')])
    const [answer, ready, alive] = await inTime(answers)
    assertToldToWait(answer, 'DATABASE_UNAVAILABLE')
    assert.deepEqual([ready.status, alive.status], [200, 200])
    // A lock is not waited for longer than three quarters of STATEMENT_TIMEOUT_MS.
    for (const told of await Promise.all(stuck)) assertToldToWait(told, 'DATABASE_TIMEOUT')
    await others.commit()
    assert.equal((await list()).status, 200)
  })

  /** An application of its own that listens, all of whose places are taken until `end`. */
  async function startFull(t: TestContext) {
    const connections = { DATABASE_POOL_SIZE: String(AT_ONCE + 2), STATEMENT_TIMEOUT_MS: '60000' }
    const full = await startApp(t, { env: { ...connections, REQUESTS_AT_ONCE: String(AT_ONCE) } })
    const mary = await full.person('mary')
    await full.send('GET', '/readyz')
    const base = await full.app.http.listen({ host: '127.0.0.1', port: 0 })
    const others = await openTransaction(t, full.databaseUrl)
    await others.query({ text: 'lock table projects in exclusive mode' })
    const create = () => full.send('POST', '/api/v1/projects', { as: mary, body: { name: 'P' } })
    const stuck = Promise.all(Array.from({ length: AT_ONCE }, create))
    await others.someoneWaits(AT_ONCE, 20_000)
    const end = async () => {
      await others.commit()
      await stuck
    }
    return { base, mary, end, stop: () => full.ctx.stopping.abort() }
  }

  test('refuses before routing what is short, and answers who watches and what lasts', async (t) => {
    const { base, mary, end, stop } = await startFull(t)
    const headers = { authorization: `Bearer ${mary.token}` }
    const ask = async (path: string, init?: RequestInit) => {
      const answer = await fetch(`${base}${path}`, { headers, ...init })
      return { status: answer.status, headers: answer.headers, text: await answer.text() }
    }
    const refused = await ask('/api/v1/tasks?limit=1')
    assert.deepEqual([refused.status, JSON.parse(refused.text).code], [503, 'OVERLOADED'])
    for (const [name, value] of [
      ['retry-after', '1'],
      ['content-type', 'application/problem+json; charset=utf-8'],
      ['x-content-type-options', 'nosniff'],
      ['cache-control', 'no-store'],
    ] as const) {
      assert.equal(refused.headers.get(name), value)
    }
    assert.deepEqual(await ask('/api/v1/tasks', { method: 'HEAD' }).then(({ status, text }) => [status, text]), [
      503,
      '',
    ])
    const json = { ...headers, 'content-type': 'application/json' }
    assert.equal((await ask('/api/v1/tasks', { method: 'POST', headers: json, body: '{"title":"T"}' })).status, 503)
    assert.equal((await ask('/api/v1/tasks.csv')).status, 200)
    assert.equal((await ask('/api/v1/imports/1/progress')).status, 404)
    assert.equal((await ask('/livez')).status, 200)
    assert.equal(await statusOf(base, `${base}/livez`), 200)
    const { text } = await ask('/metrics')
    const count = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1])
    assert.equal(count('tasklog_requests_shed_total'), 3)
    for (const method of ['GET', 'HEAD'])
      assert.equal(count(`http_request_duration_seconds_count{method="${method}",route="none",status="503"}`), 1)
    stop()
    const told = await ask('/api/v1/tasks?limit=1')
    assert.deepEqual([told.status, told.headers.get('connection')], [503, 'close'])
    await end()
    assert.equal((await ask('/api/v1/tasks')).status, 200)
  })

  /** @param target as it stands in the request, where fetch only sends a path */
  async function statusOf(base: string, target: string): Promise<number | undefined> {
    const [answer] = await once(get(base, { path: target, agent: false }), 'response')
    answer.resume()
    return answer.statusCode
  }

  test('closes the connection of who dawdles with what was refused', async (t) => {
    const { base, end } = await startFull(t)
    const socket = connect(Number(new URL(base).port), '127.0.0.1')
    t.after(() => socket.destroy())
    let text = ''
    socket.on('data', (data) => (text += data)).on('error', () => {})
    socket.write('POST /login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{')
    await until(async () => text.includes('OVERLOADED'), 20_000)
    await end()
    await until(
      async () => socket.closed,
      40_000,
      () => 'the connection to be closed',
    )
  })

  test('ends a statement that takes too long', async () => {
    await assert.rejects(app.ctx.db.query({ text: 'select pg_sleep(20)' }), { code: '57014' })
    assert.equal((await list()).status, 200)
  })
})

describe('a server whose PostgreSQL takes no more connections', () => {
  const cleanup = new CleanupStack()
  after(() => cleanup.run())

  test('says so at once, is not taken for broken, and goes on when there are some again', async (t) => {
    const app = await startApp(cleanup)
    const john = await app.person('john_doe')
    await until(async () => (await app.send('GET', '/readyz')).status === 200, 20_000)
    const admin = await openTransaction(t, app.databaseUrl)
    const { rows } = await admin.query({ text: 'select current_database() as name' })
    // Superusers are not counted, so it is the role that is taken away: what a full server answers is 53300 as well.
    await admin.query({
      text: `create role few login password 'few' connection limit 0; grant all on database ${rows[0].name} to few`,
    })
    await admin.commit()
    t.after(async () => {
      const end = await openTransaction(t, app.databaseUrl)
      await end.query({ text: 'drop owned by few; drop role few' })
      await end.commit()
    })
    const url = new URL(app.databaseUrl)
    Object.assign(url, { username: 'few', password: 'few' })
    const full = await startApp(t, { databaseUrl: url.href })
    const answer = await inTime(full.send('GET', '/api/v1/tasks', { as: john }))
    assertProblem(answer, 503, 'DATABASE_UNAVAILABLE')
    assert.equal((await full.send('GET', '/livez')).status, 200)
  })
})
