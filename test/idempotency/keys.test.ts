import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { expiredKeysJob } from '../../src/idempotency/jobs.ts'
import { type Answer, CleanupStack, type Person, startApp, type TestApp } from '../support/app.ts'
import { openTransaction } from '../support/database.ts'
import { assertProblem } from '../support/problem.ts'
import { redisUrl } from '../support/redis.ts'

const PARALLEL = 50
const redis = redisUrl(4)

describe('a key on creating a task', () => {
  const cleanup = new CleanupStack()
  let app: TestApp
  let anna: Person
  let bert: Person

  before(async () => {
    app = await startApp(cleanup, { redisUrl: redis })
    anna = await app.person('anna')
    bert = await app.person('bert')
  })
  after(() => cleanup.run())

  const create = (key: string, body: object, as = anna, on = app) =>
    on.send('POST', '/api/v1/tasks', { as, body, headers: { 'idempotency-key': key } })
  const count = async (title: string) => {
    const text = 'select count(*) as n from tasks where title = $1'
    return (await app.ctx.db.query<{ n: number }>({ text, values: [title] })).rows[0]?.n
  }
  const keptKeys = async (key: string) =>
    (await app.ctx.db.query({ text: 'select from idempotency_keys where key = $1', values: [key] })).rowCount
  /** A title of the test's own, which is its key as well. */
  const fresh = () => ({ title: `Feed ${randomUUID()}`, key: randomUUID() })

  test('fifty at once, over two processes, make one task; all others get its answer or 409', async (t) => {
    const { key, title } = fresh()
    const second = await startApp(t, { databaseUrl: app.databaseUrl })
    const answers = await Promise.all(
      Array.from({ length: PARALLEL }, (_, i) => create(key, { title }, anna, i % 2 ? app : second)),
    )
    const made = answers.filter(({ status }) => status === 201)
    assert.ok(made.length > 0)
    assert.equal(made.filter(({ headers }) => headers['idempotent-replayed'] === undefined).length, 1)
    for (const answer of answers) {
      if (answer.status !== 201) assertProblem(answer, 409, 'IDEMPOTENCY_KEY_IN_USE')
      else assert.deepEqual(wire(answer), wire(made[0] as Answer))
    }
    assert.equal(await count(title), 1)
    assert.deepEqual(wire(await create(key, { title })), wire(made[0] as Answer))
  })

  test('the same key while the first one still runs is 409 with Retry-After, whatever its body', async (t) => {
    const { key, title } = fresh()
    const tx = await openTransaction(t, app.databaseUrl)
    await tx.query({ text: 'lock table tasks in exclusive mode' })
    const first = create(key, { title })
    await tx.someoneWaits()
    for (const body of [{ title }, { title: 'Another' }]) {
      const answer = await create(key, body)
      assertProblem(answer, 409, 'IDEMPOTENCY_KEY_IN_USE')
      assert.equal(answer.headers['retry-after'], '1')
    }
    await tx.commit()
    assert.equal((await first).status, 201)
    assert.deepEqual(wire(await create(key, { title })), wire(await first))
  })

  test('the key of somebody else is another key', async () => {
    const { key, title } = fresh()
    const mine = await create(key, { title })
    const theirs = await create(key, { title }, bert)
    assert.deepEqual([mine.status, theirs.status, await count(title)], [201, 201, 2])
    assert.notEqual(mine.body.id, theirs.body.id)
    assert.equal((await create(key, { title }, bert)).text, theirs.text)
  })

  test('the key of another route is refused', async () => {
    const { key, title } = fresh()
    assert.equal((await create(key, { title })).status, 201)
    const other = await app.send('POST', '/task', { as: anna, body: { title }, headers: { 'idempotency-key': key } })
    assertProblem(other, 422, 'IDEMPOTENCY_KEY_REUSED')
    assert.equal(await count(title), 1)
  })

  test('the answer is what it was, also when the task has changed since', async () => {
    const { key, title } = fresh()
    const first = await create(key, { title })
    await app.send('PATCH', `/api/v1/tasks/${first.body.id}`, { as: anna, body: { status: 'completed' } })
    assert.deepEqual(wire(await create(key, { title })), wire(first))
  })

  test('an answer outlives a restart and an emptied Redis', async (t) => {
    const { key, title } = fresh()
    const first = await create(key, { title })
    for (let i = 0; i < 100 && !app.ctx.redis?.isReady; i++) await new Promise((resolve) => setTimeout(resolve, 10))
    await app.ctx.redis?.client.flushDb()
    assert.deepEqual(wire(await create(key, { title })), wire(first))
    const restarted = await startApp(t, { databaseUrl: app.databaseUrl, redisUrl: redis })
    const again = await create(key, { title }, anna, restarted)
    assert.deepEqual(wire(again), wire(first))
    assert.equal(again.headers['idempotent-replayed'], 'true')
    assert.equal(await count(title), 1)
  })

  test('an answer outlives a change of JWT_SECRET_KEY, while the one before is known', async (t) => {
    const { key, title } = fresh()
    const first = await create(key, { title })
    const env = {
      JWT_SECRET_KEY: 'another one for tests, as long as the first: 9876543210',
      JWT_SECRET_KEY_PREVIOUS: app.ctx.config.jwtSecretKey ?? '',
    }
    const changed = await startApp(t, { databaseUrl: app.databaseUrl, env })
    assert.deepEqual(wire(await create(key, { title }, anna, changed)), wire(first))
  })

  test('an error keeps nothing: the key is free for the corrected request', async () => {
    const { key, title } = fresh()
    assertProblem(await create(key, { title, assigned_user: 'nobody_here' }), 400, 'UNKNOWN_ASSIGNEE')
    assertProblem(await create(key, { title, project_id: 777 }), 404)
    assertProblem(await create(key, { title, colour: 'red' }), 400)
    assert.equal(await keptKeys(key), 0)
    assert.equal((await create(key, { title })).status, 201)
    assert.equal(await count(title), 1)
  })

  test('an expired key counts as new, before the job deletes it and after', async () => {
    const { key, title } = fresh()
    const expire = () =>
      app.ctx.db.query({ text: 'update idempotency_keys set expires_at = now() where key = $1', values: [key] })
    const first = await create(key, { title })
    await expire()
    const second = await create(key, { title: `${title} again` })
    assert.deepEqual([first.status, second.status], [201, 201])
    assert.equal((await create(key, { title: `${title} again` })).text, second.text)
    await expire()
    const living = fresh()
    await create(living.key, { title: living.title })
    await expiredKeysJob.run(app.ctx, {}, new AbortController().signal)
    assert.deepEqual([await keptKeys(key), await keptKeys(living.key)], [0, 1])
    assert.equal((await create(key, { title })).status, 201)
  })

  test('a key lives for IDEMPOTENCY_HOURS', async (t) => {
    const { key, title } = fresh()
    const hourly = await startApp(t, { databaseUrl: app.databaseUrl, env: { IDEMPOTENCY_HOURS: '1' } })
    await create(key, { title }, anna, hourly)
    const text = `select expires_at - created_at = interval '1 hour' as hour from idempotency_keys where key = $1`
    assert.deepEqual((await app.ctx.db.query({ text, values: [key] })).rows, [{ hour: true }])
  })

  test('all visible ASCII characters make a key, and its case counts', async () => {
    const visible = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)).join('')
    for (const [key, body] of [
      [visible, { title: 'Every character' }],
      ['k'.repeat(255), { title: 'The longest' }],
      ['case', { title: 'Lower' }],
      ['CASE', { title: 'Upper' }],
    ] as const) {
      const first = await create(key, body)
      assert.equal(first.status, 201, first.text)
      assert.equal((await create(key, body)).text, first.text)
    }
  })

  test('without the header nothing is kept', async () => {
    const { title } = fresh()
    const rows = async () => (await app.ctx.db.query({ text: 'select from idempotency_keys' })).rowCount
    const before = await rows()
    for (let i = 0; i < 2; i++) await app.send('POST', '/api/v1/tasks', { as: anna, body: { title } })
    assert.deepEqual([await count(title), await rows()], [2, before])
  })
})

function wire({ status, text, headers }: Answer) {
  return [status, text, headers.location, headers.etag, headers['content-type']]
}
