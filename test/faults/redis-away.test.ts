import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CleanupStack, type Person, startApp, type TestApp } from '../support/app.ts'
import { until } from '../support/process.ts'
import { type RedisServer, startOwnRedis } from '../support/redis-server.ts'

const SLOWEST_MS = 500

describe('a server whose Redis goes away', () => {
  const cleanup = new CleanupStack()
  let redis: RedisServer
  let app: TestApp
  let john: Person
  let ended: Person

  before(async () => {
    redis = await startOwnRedis()
    cleanup.after(() => redis.stop())
    app = await startApp(cleanup, {
      redisUrl: redis.url,
      env: { RATE_LIMIT_UPLOAD: '2/60', RATE_LIMIT_LOGIN_ACCOUNT: '3/60' },
    })
    john = await app.person('john_doe')
    ended = await app.login('john_doe')
    await app.send('POST', '/api/v1/auth/logout', { as: ended })
    await until(async () => app.ctx.redis?.isReady === true, 5_000)
  })
  after(() => cleanup.run())

  /** Requests work, none waits long, and sessions are what they were. */
  async function assertWorking(): Promise<void> {
    for (const [method, url, body] of [
      ['GET', '/tasks', undefined],
      ['GET', '/tasks?date=2025-01-01', undefined],
      ['POST', '/task', { title: 'Without Redis' }],
      ['GET', '/api/v1/tasks', undefined],
    ] as const) {
      const started = performance.now()
      const { status } = await app.send(method, url, { as: john, body })
      assert.ok(status < 300, `${method} ${url} answered ${status}`)
      assert.ok(performance.now() - started < SLOWEST_MS, `${method} ${url} took ${performance.now() - started} ms`)
    }
    assert.equal((await app.send('GET', '/tasks', { as: ended })).status, 401)
    assert.equal((await app.send('GET', '/readyz')).status, 200)
  }

  test('works while it is there', assertWorking)

  test('keeps working when it is emptied', async () => {
    await app.ctx.redis?.client.flushAll()
    await assertWorking()
  })

  test('keeps working while it is frozen, and nothing waits longer than half a second', async () => {
    redis.kill('SIGSTOP')
    for (let i = 0; i < 3; i++) await assertWorking()
    redis.kill('SIGCONT')
    await until(async () => app.ctx.redis?.isReady === true, 10_000)
    await assertWorking()
  })

  test('keeps working when it is killed, with its limits still closed, and uses it again when it is back', async () => {
    const { port } = new URL(redis.url)
    await redis.stop()
    await assertWorking()
    const attempts = []
    for (let i = 0; i < 5; i++) {
      attempts.push(
        (await app.send('POST', '/login', { body: { username: 'john_doe', password: 'wrong-wrong' } })).status,
      )
    }
    assert.deepEqual(attempts, [401, 401, 401, 429, 429])
    redis = await startOwnRedis(Number(port))
    await until(async () => app.ctx.redis?.isReady === true, 10_000)
    await assertWorking()
  })
})
