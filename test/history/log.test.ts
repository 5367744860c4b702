import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CleanupStack, multipart, type Person, startApp, type TestApp } from '../support/app.ts'

/** Moves a task's whole history into the past, so that a test need not wait for days. */
async function shift(app: TestApp, taskId: number, days: number): Promise<void> {
  await app.ctx.db.transaction(async (tx) => {
    await tx.query({ text: 'alter table tasks disable trigger tasks_history' })
    await tx.query({
      text: `update tasks set created_at = created_at - make_interval(days => $2),
                    valid_from = valid_from - make_interval(days => $2) where id = $1`,
      values: [taskId, days],
    })
    await tx.query({
      text: `update task_versions set created_at = created_at - make_interval(days => $2),
                    valid_from = valid_from - make_interval(days => $2), valid_to = valid_to - make_interval(days => $2)
              where task_id = $1`,
      values: [taskId, days],
    })
    await tx.query({ text: 'alter table tasks enable trigger tasks_history' })
    await tx.query({ text: 'update past_epoch set epoch = epoch + 1' })
  })
}

function daysAgo(days: number): string {
  return new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10)
}

describe('the task log', () => {
  const cleanup = new CleanupStack()
  let app: TestApp
  let admin: Person
  let john: Person

  before(async () => {
    app = await startApp(cleanup, { worker: true })
    admin = await app.person('admin', 'admin')
    john = await app.person('john_doe')
    await app.person('emma_watson')
  })
  after(() => cleanup.run())

  const log = async (date?: string, as: Person = john) =>
    (await app.send('GET', `/tasks?per_page=100${date ? `&date=${date}` : ''}`, { as })).body
  const entry = async (date: string | undefined, id: number) =>
    (await log(date)).tasks.find((task: { id: number }) => task.id === id)
  const create = async (body: object) => (await app.send('POST', '/task', { as: john, body })).body

  test('shows on each past day who had a task, its status and its priority then', async () => {
    const { id } = await create({ title: 'Moves on', status: 'pending', priority: 'LOW', assigned_user: 'john_doe' })
    await shift(app, id, 3) // created three days ago
    await app.send('PUT', `/task/${id}`, { as: john, body: { status: 'active', assigned_user: 'emma_watson' } })
    await shift(app, id, 2) // created five, changed two days ago
    await app.send('PUT', `/task/${id}`, { as: john, body: { priority: 'HIGH' } })
    assert.equal(await entry(daysAgo(6), id), undefined)
    for (const [day, status, assigned, priority] of [
      [5, 'pending', 'john_doe', 'LOW'],
      [3, 'pending', 'john_doe', 'LOW'],
      [2, 'active', 'emma_watson', 'LOW'],
      [1, 'active', 'emma_watson', 'LOW'],
      [0, 'active', 'emma_watson', 'HIGH'],
    ] as const) {
      const then = await entry(daysAgo(day), id)
      assert.deepEqual(
        [then.status, then.assigned_user, then.priority],
        [status, assigned, priority],
        `${day} days ago`,
      )
      assert.equal(then.logged_date, daysAgo(day))
    }
  })

  test('keeps a deleted task on the days it existed, and not after', async () => {
    const { id } = await create({ title: 'Short lived' })
    await shift(app, id, 4)
    await app.send('DELETE', `/task/${id}`, { as: john })
    await shift(app, id, 2)
    assert.equal((await entry(daysAgo(5), id)).title, 'Short lived')
    assert.equal(await entry(daysAgo(2), id), undefined)
    assert.equal(await entry(undefined, id), undefined)
  })

  test('without a date is today, and today is the state now', async () => {
    const { id } = await create({ title: 'Right now' })
    const today = await log(daysAgo(0))
    assert.deepEqual(await log(), today)
    await app.send('PUT', `/task/${id}`, { as: john, body: { title: 'A moment later' } })
    assert.equal((await entry(undefined, id)).title, 'A moment later')
  })

  test('pages of a past day hold every task once, and the totals agree', async () => {
    const file = `task_name,created_at\n${Array.from({ length: 25 }, (_, i) => `Old ${i},${(i % 5) + 1}/10/2020`).join('\n')}\n`
    await app.send('POST', '/upload-csv', { as: admin, ...multipart(file) })
    const { body } = await app.send('GET', '/tasks?date=2020-12-31&per_page=10', { as: john })
    assert.equal(body.total, 25)
    assert.equal(body.pages, 3)
    const ids = new Set<number>()
    for (const page of [1, 2, 3]) {
      const answer = await app.send('GET', `/tasks?date=2020-12-31&per_page=10&page=${page}`, { as: john })
      for (const task of answer.body.tasks) ids.add(task.id)
    }
    assert.equal(ids.size, 25)
    assert.equal((await log('2020-02-10')).total, 10)
  })

  test('shows only what the asker may see', async () => {
    const { body: project } = await app.send('POST', '/api/v1/projects', { as: admin, body: { name: 'Secret' } })
    const { body: task } = await app.send('POST', '/api/v1/tasks', {
      as: admin,
      body: { title: 'Hidden', project_id: project.id },
    })
    await shift(app, task.id, 2)
    const has = (body: { tasks: { id: number }[] }) => body.tasks.some((t) => t.id === task.id)
    assert.equal(has(await log(daysAgo(1))), false)
    assert.equal(has(await log(daysAgo(1), admin)), true)
    assert.equal((await log(daysAgo(1), admin)).total, (await log(daysAgo(1))).total + 1)
  })

  for (const rows of ['one', 'many']) {
    test(`the database refuses a write that forgets history, and writes it for any other: of ${rows}`, async () => {
      const { id } = await create({ title: 'Guarded' })
      const write = (change: string) =>
        app.ctx.db.transaction(async (tx) => {
          if (rows === 'many') await tx.query({ text: `select set_config('tasklog.many_rows', 'on', true)` })
          await tx.query({ text: `update tasks set title = 'Sneaky', ${change} where id = ${id}` })
        })
      const byTheRules = 'version = version + 1, valid_from = clock_timestamp()'
      for (const change of [
        'cause = cause',
        'version = version + 1',
        'version = version + 2, valid_from = clock_timestamp()',
        `${byTheRules}, created_at = created_at - interval '1 day'`,
        `${byTheRules}, created_by = created_by + 1`,
        `${byTheRules}, import_id = 999999`,
        `${byTheRules}, project_id = 999999`,
        `${byTheRules}, assigned_user_id = 999999`,
      ]) {
        await assert.rejects(write(change), /must advance version by one and valid_from/, change)
      }
      await write(byTheRules)
      const { rows: versions } = await app.ctx.db.query({
        text: `select version, title, labels_ended, text_ended, due_ended from task_versions where task_id = ${id}`,
      })
      assert.deepEqual(versions, [
        { version: 1, title: 'Guarded', labels_ended: false, text_ended: true, due_ended: false },
      ])
    })
  }

  test('a day ends at midnight of the configured time zone', async () => {
    const vienna = await startApp(cleanup, { databaseUrl: app.databaseUrl, env: { TIMEZONE: 'Europe/Vienna' } })
    await app.send('POST', '/upload-csv', {
      as: admin,
      ...multipart('task_name,created_at\nLate,2019-07-01T22:30:00Z\n'),
    })
    const total = async (on: TestApp, date: string) =>
      (await on.send('GET', `/tasks?date=${date}`, { as: john })).body.total
    assert.deepEqual([await total(app, '2019-06-30'), await total(app, '2019-07-01')], [0, 1])
    assert.deepEqual([await total(vienna, '2019-07-01'), await total(vienna, '2019-07-02')], [0, 1])
  })

  test('a page of a past day is kept, and never served when the past has changed since', async () => {
    const ask = () => app.send('GET', '/tasks?date=2018-05-05&per_page=100', { as: john })
    assert.equal((await ask()).headers['x-cache'], 'miss')
    const kept = await ask()
    assert.equal(kept.headers['x-cache'], 'hit')
    assert.equal(kept.body.total, 0)
    await app.send('POST', '/upload-csv', { as: admin, ...multipart('task_name,created_at\nFrom before,5/1/2018\n') })
    const changed = await ask()
    assert.equal(changed.headers['x-cache'], 'miss')
    assert.equal(changed.body.total, 1)
    assert.deepEqual((await ask()).body, changed.body)
  })

  test('pages are shared through Redis, and kept apart for who sees other projects', async () => {
    const redisUrl = process.env.TEST_REDIS_URL
    const options = { databaseUrl: app.databaseUrl, redisUrl }
    const [one, two] = [await startApp(cleanup, options), await startApp(cleanup, options)]
    for (const { ctx } of [one, two]) while (!ctx.redis?.isReady) await new Promise((r) => setTimeout(r, 10))
    const ask = (on: TestApp, as: Person) => on.send('GET', '/tasks?date=2018-06-06', { as })
    assert.equal((await ask(one, john)).headers['x-cache'], 'miss')
    const shared = await ask(two, john)
    assert.equal(shared.headers['x-cache'], 'hit')
    assert.deepEqual(shared.body, (await ask(one, john)).body)
    assert.equal((await ask(two, admin)).headers['x-cache'], 'miss')
  })

  test('today is kept until something changes', async () => {
    const ask = async () => (await app.send('GET', '/tasks', { as: john })).headers['x-cache']
    assert.deepEqual([await ask(), await ask()], ['miss', 'hit'])
    await create({ title: 'Something' })
    assert.equal(await ask(), 'miss')
  })
})
