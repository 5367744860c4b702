import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createLogger } from '../../src/platform/logger.ts'
import { CleanupStack, type Person, startApp, type TestApp } from '../support/app.ts'
import { until } from '../support/process.ts'
import { type RedisProxy, startRedisProxy } from '../support/redis-proxy.ts'
import { type RedisServer, startOwnRedis } from '../support/redis-server.ts'

/** What a request may wait for Redis, on top of what the same one takes at the same time where there is none. */
const WAIT_MS = 500
const AT_ONCE = 4
const BREATH_MS = 50
/** Longer than three times the breaker waits before it looks again. FAULTS=long: ten minutes. */
const AWAY_MS = process.env.FAULTS === 'long' ? 600_000 : 7_000
const AWAY = 'redis is away; limits hold per process and nothing is cached there'

describe('a server whose Redis goes away', () => {
  const cleanup = new CleanupStack()
  let lines: string[] = []
  let redis: RedisServer
  let proxy: RedisProxy
  let app: TestApp
  let without: TestApp
  let john: Person
  let ended: Person

  before(async () => {
    redis = await startOwnRedis()
    cleanup.after(() => redis.stop())
    proxy = await startRedisProxy(cleanup, redis.url)
    app = await startApp(cleanup, {
      redisUrl: proxy.url,
      env: { RATE_LIMIT_USER: '1000000/60', RATE_LIMIT_LOGIN_ACCOUNT: '3/60' },
      log: createLogger('info', { write: (line) => void lines.push(JSON.parse(line).msg) }),
    })
    without = await startApp(cleanup, { databaseUrl: app.databaseUrl, env: { RATE_LIMIT_USER: '1000000/60' } })
    john = await app.person('john_doe')
    ended = await app.login('john_doe')
    await app.send('POST', '/api/v1/auth/logout', { as: ended })
  })
  after(() => cleanup.run())
  beforeEach(async () => {
    await until(isUsed, 15_000, () => 'Redis to be used')
    lines = []
  })

  const isUsed = async () => app.ctx.redis?.isReady === true
  const usable = async () => /^tasklog_redis_usable (\d)$/m.exec((await app.send('GET', '/metrics')).text)?.[1]
  const said = (msg: string) => lines.filter((line) => line === msg).length
  const setMemory = (limit: string) => redis.command('CONFIG', 'SET', 'maxmemory', limit)

  /** Requests work, none waits long, and sessions are what they were. */
  async function assertWorking(): Promise<void> {
    for (const [method, url, body] of [
      ['GET', '/tasks', undefined],
      ['GET', '/tasks?date=2025-01-01', undefined],
      ['POST', '/task', { title: 'Without Redis' }],
      ['GET', '/api/v1/tasks', undefined],
    ] as const) {
      const timed = async (of: TestApp) => {
        const started = performance.now()
        const { status } = await of.send(method, url, { as: john, body })
        assert.ok(status < 300, `${method} ${url} answered ${status}`)
        return performance.now() - started
      }
      const [took, plain] = await Promise.all([timed(app), timed(without)])
      assert.ok(took < plain + WAIT_MS, `${method} ${url} took ${took} ms, and ${plain} where there is no Redis`)
    }
    assert.equal((await app.send('GET', '/tasks', { as: ended })).status, 401)
    assert.equal((await app.send('GET', '/readyz')).status, 200)
  }

  /** With several requests at once, all the time. */
  async function assertWorkingFor(ms: number): Promise<void> {
    const end = Date.now() + ms
    const keepAsking = async () => {
      while (Date.now() < end) {
        await assertWorking()
        await sleep(BREATH_MS)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, keepAsking))
  }

  async function assertWorkingAllAlong(): Promise<void> {
    await assertWorkingFor(AWAY_MS)
    assert.equal(await usable(), '0')
    assert.equal(said(AWAY), 1, 'it is said once')
  }

  async function assertBack(): Promise<void> {
    await until(isUsed, 15_000, () => 'Redis to be used again')
    await assertWorking()
    assert.equal(await usable(), '1')
    assert.deepEqual([said(AWAY), said('redis is back')], [1, 1])
  }

  test('works while it is there', async () => {
    await assertWorkingFor(3_000)
  })

  test('keeps working when it is emptied', async () => {
    await redis.command('FLUSHALL')
    await assertWorking()
    assert.equal(said(AWAY), 0)
  })

  test('frozen: no request waits longer than half a second, and after the first ones none asks it at all', async () => {
    redis.kill('SIGSTOP')
    try {
      await assertWorking()
      const before = proxy.sends
      await assertWorkingAllAlong()
      // What the breaker sends by itself to see whether it is back; a request would be one more.
      assert.ok(proxy.sends - before <= AWAY_MS / 2_000 + 1, `${proxy.sends - before} commands were sent`)
    } finally {
      redis.kill('SIGCONT')
    }
    await assertBack()
  })

  test('slow by two seconds: the same', async () => {
    proxy.delayMs = 2_000
    try {
      await assertWorkingAllAlong()
    } finally {
      proxy.delayMs = 0
    }
    await assertBack()
  })

  test('out of memory, so that it reads and does not write: the same', async () => {
    await setMemory('1') // with no key ever evicted, as it comes
    try {
      await assertWorkingAllAlong()
    } finally {
      await setMemory('0')
    }
    await assertBack()
  })

  test('killed: the same, with its limits still closed, and used again when it is back', async () => {
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
    await assertWorkingAllAlong()
    redis = await startOwnRedis(Number(port))
    await assertBack()
  })
})
