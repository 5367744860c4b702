import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CleanupStack, type Person, type Scope, startApp, type TestApp } from '../support/app.ts'
import { assertProblem } from '../support/problem.ts'
import { redisUrl } from '../support/redis.ts'

const LIMIT = 5
const env = { RATE_LIMIT_USER: `${LIMIT}/60`, RATE_LIMIT_ADDRESS: `${LIMIT}/60` }

describe('limits with Redis', () => {
  const cleanup = new CleanupStack()
  const url = redisUrl(3)
  let app: TestApp
  let anna: Person

  before(async () => {
    app = await startApp(cleanup, { redisUrl: url, env })
    anna = await app.person('anna')
  })
  after(() => cleanup.run())

  const me = (on: TestApp) => on.send('GET', '/api/v1/users/me', { as: anna })
  const another = (t: Scope, redis: string) => startApp(t, { databaseUrl: app.databaseUrl, redisUrl: redis, env })
  const ready = async (on: TestApp) => {
    for (let i = 0; i < 100 && !on.ctx.redis?.isReady; i++) await new Promise((resolve) => setTimeout(resolve, 10))
    assert.ok(on.ctx.redis?.isReady)
  }
  async function admitted(...instances: TestApp[]): Promise<number> {
    let count = 0
    for (let i = 0; i < LIMIT * 2; i++) {
      for (const on of instances) if ((await me(on)).status === 200) count++
    }
    return count
  }

  test('two processes share one limit', async (t) => {
    const second = await another(t, url)
    await Promise.all([ready(app), ready(second)])
    await app.ctx.redis?.client.flushDb()
    assert.equal(await admitted(app, second), LIMIT)
    assertProblem(await me(second), 429, 'QUOTA_EXCEEDED')
  })

  test('users who ask at the same moment are each told what is left of their own', async () => {
    const people = [anna, await app.person('ben'), await app.person('cleo')]
    await ready(app)
    await app.ctx.redis?.client.flushDb()
    for (const [i, person] of people.entries()) {
      for (let asked = 0; asked < i; asked++) await app.send('GET', '/api/v1/users/me', { as: person })
    }
    const answers = await Promise.all(people.map((as) => app.send('GET', '/api/v1/users/me', { as })))
    const left = answers.map(({ headers }) => /"user";r=(\d+)/.exec(String(headers.ratelimit))?.[1])
    assert.deepEqual(left, ['4', '3', '2'])
  })

  test('each limit has keys of its own, which vanish by themselves', async () => {
    await app.ctx.redis?.client.flushDb()
    await me(app)
    await app.send('GET', '/nowhere')
    const keys = (await app.ctx.redis?.client.keys('*')) ?? []
    assert.deepEqual(keys.sort(), ['tasklog:limit:address:127.0.0.1', `tasklog:limit:user:${anna.id}`])
    for (const key of keys) assert.ok(((await app.ctx.redis?.client.ttl(key)) ?? 0) > 0, key)
  })

  test('with Redis away from the start, each process holds the limit, at once', async (t) => {
    const on = await another(t, 'redis://127.0.0.1:1')
    const started = performance.now()
    assert.equal(await admitted(on), LIMIT)
    assert.ok(performance.now() - started < 500 * LIMIT * 2)
    const ready = await on.send('GET', '/readyz')
    assert.deepEqual([ready.status, ready.body.checks.redis], [200, 'away'])
  })
})
