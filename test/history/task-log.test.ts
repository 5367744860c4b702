import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CleanupStack, type Person, startApp } from '../support/app.ts'
import { assertProblem } from '../support/problem.ts'
import { buildTeam, type Team, v1 } from '../tasks/team.ts'
import { daysAgo, middayAgo, plantTask } from './past.ts'

interface Entry {
  id: number
  title: string
  version: number
  logged_date: string
}

describe('the task log of v1', () => {
  const cleanup = new CleanupStack()
  let team: Team
  /** Of the task that all of these tests look at. */
  let id: number

  before(async () => {
    team = await buildTeam(cleanup)
    id = await plantTask(team.app, [
      state(middayAgo(9), 'One'),
      state(middayAgo(7), 'Two'),
      state(middayAgo(6), 'Two', { deleted: true }),
      state(middayAgo(4), 'Three'),
    ])
    await plantTask(team.app, [state(middayAgo(8), 'Another')])
  })
  after(() => cleanup.run())

  function state(valid_from: string, title: string, more = {}) {
    return { valid_from, title, project_id: team.project, changed_by: team.olga.id, ...more }
  }
  const ask = (query: string, as: Person = team.olga, app = team.app) =>
    app.send('GET', `${v1}/task-log?${query}`, { as })
  const items = async (query: string, as?: Person) => (await ask(query, as)).body.items as Entry[]
  const shortly = (entries: Entry[]) => entries.map(({ logged_date, title }) => [logged_date, title])

  async function pages(query: string, limit: number, as?: Person): Promise<{ all: Entry[]; sizes: number[] }> {
    const all: Entry[] = []
    const sizes: number[] = []
    for (let cursor = ''; ; ) {
      const { body } = await ask(`${query}&limit=${limit}${cursor}`, as)
      all.push(...body.items)
      sizes.push(body.items.length)
      if (body.next_cursor === null) return { all, sizes }
      cursor = `&cursor=${body.next_cursor}`
    }
  }

  test('of a day is what the original log of that day is', async () => {
    for (const days of [10, 9, 8, 7, 6, 5, 4, 1, 0]) {
      const classic = await team.app.send('GET', `/tasks?date=${daysAgo(days)}`, { as: team.olga })
      assert.deepEqual(await items(`date=${daysAgo(days)}`), classic.body.tasks)
    }
    assert.deepEqual(await items(''), await items(`date=${daysAgo(0)}`))
    const { body } = await ask('')
    assert.equal(body.next_cursor, null)
    assert.deepEqual(
      shortly(body.items),
      ['Another', 'Three'].map((title) => [daysAgo(0), title]),
    )
  })

  test('of a range goes from its last day to its first, newest task first', async () => {
    const expected = [
      [daysAgo(7), 'Another'],
      [daysAgo(7), 'Two'],
      [daysAgo(8), 'Another'],
      [daysAgo(8), 'One'],
      [daysAgo(9), 'One'],
    ]
    assert.deepEqual(shortly(await items(`from=${daysAgo(11)}&to=${daysAgo(7)}`)), expected)
    assert.deepEqual(shortly(await items(`from=${daysAgo(1)}`)), [
      [daysAgo(0), 'Another'],
      [daysAgo(0), 'Three'],
      [daysAgo(1), 'Another'],
      [daysAgo(1), 'Three'],
    ])
  })

  test('comes in pages that go over from day to day and hold each entry once', async () => {
    const range = `from=${daysAgo(300)}&to=${daysAgo(0)}`
    const whole = await items(`${range}&limit=100`)
    assert.equal(whole.length, 17)
    for (const limit of [1, 2, 3, 16, 17]) {
      const { all, sizes } = await pages(range, limit)
      assert.deepEqual(all, whole)
      assert.equal(sizes.length, Math.ceil(17 / limit), `${limit} a page`)
    }
  })

  test('of one task is each day it was there, since it was created', async () => {
    const expected = [
      ...[0, 1, 2, 3, 4].map((days) => [daysAgo(days), 'Three']),
      ...[7].map((days) => [daysAgo(days), 'Two']),
      ...[8, 9].map((days) => [daysAgo(days), 'One']),
    ]
    assert.deepEqual(shortly(await items(`task_id=${id}`)), expected)
    for (const limit of [1, 3, 8]) {
      const { all, sizes } = await pages(`task_id=${id}`, limit)
      assert.deepEqual(shortly(all), expected)
      assert.equal(sizes.length, Math.ceil(8 / limit))
    }
    assert.deepEqual(shortly(await items(`task_id=${id}&from=${daysAgo(8)}&to=${daysAgo(4)}`)), expected.slice(4, 7))
    assert.deepEqual(shortly(await items(`task_id=${id}&date=${daysAgo(7)}`)), expected.slice(5, 6))
    assert.deepEqual(shortly(await items(`task_id=${id}&to=${daysAgo(8)}`)), expected.slice(6))
    const [entry] = await items(`date=${daysAgo(8)}&task_id=${id}`)
    assert.deepEqual(entry, (await items(`date=${daysAgo(8)}`))[1])
  })

  test('of a task that is very old is as quick as of another, page by page', async () => {
    const old = await plantTask(team.app, [state('0001-01-01T12:00:00Z', 'Ancient'), state(middayAgo(2), 'Modern')])
    const { body } = await ask(`task_id=${old}&limit=5`)
    const times: number[] = []
    for (let i = 0; i < 5; i++) {
      const began = performance.now()
      await ask(`task_id=${old}&limit=5`)
      times.push(performance.now() - began)
    }
    assert.ok(Math.min(...times) < 100, 'two thousand years are not counted off: that takes half a second')
    assert.deepEqual(
      shortly(body.items),
      [0, 1, 2, 3, 4].map((days) => [daysAgo(days), days > 2 ? 'Ancient' : 'Modern']),
    )
    const [first] = await items(`task_id=${old}&to=0001-01-02`)
    assert.equal(first?.logged_date, '0001-01-02')
    assert.equal((await items(`task_id=${old}&to=0001-01-02`)).length, 2)
    await team.app.ctx.db.query({
      text: `update tasks set deleted_at = now(), version = version + 1,
      valid_from = clock_timestamp() where id = $1`,
      values: [old],
    })
    await team.app.ctx.db.query({ text: 'delete from tasks where id = $1', values: [old] })
    await team.app.ctx.db.query({ text: 'delete from task_versions where task_id = $1', values: [old] })
  })

  test('shows what the asker may see, and of a task they may not nothing, like of one that never was', async () => {
    const secret = await team.newProject('Secret')
    const moved = await plantTask(team.app, [
      state(middayAgo(9), 'Hidden', { project_id: secret }),
      state(middayAgo(3), 'Open'),
    ])
    assert.deepEqual(shortly(await items(`task_id=${moved}`)).at(-1), [daysAgo(3), 'Open'])
    assert.equal(
      (await items(`date=${daysAgo(5)}`)).some((entry) => entry.id === moved),
      false,
    )
    assert.equal(
      (await items(`date=${daysAgo(5)}`, team.mia)).some((entry) => entry.id === moved),
      true,
    )
    assert.equal((await items(`task_id=${moved}`, team.mia)).length, 10)
    const [hidden, never] = [await ask(`task_id=${moved}`, team.otto), await ask('task_id=888888', team.otto)]
    assert.deepEqual([hidden.status, hidden.text], [200, never.text])
    assert.deepEqual(hidden.body, { items: [], next_cursor: null })
  })

  test('looks into a bounded number of days a request, and goes on from there', async (t) => {
    const other = await startApp(t)
    const nobody = await other.person('nobody')
    const admin = await other.person('root', 'admin')
    const hidden = (await other.send('POST', `${v1}/projects`, { as: admin, body: { name: 'Hidden' } })).body.id
    const open = (await other.send('GET', `${v1}/projects`, { as: nobody })).body.items[0].id
    const plant = (valid_from: string, project_id: number) =>
      plantTask(other, [{ valid_from, project_id, changed_by: admin.id }])
    await plant(middayAgo(200), hidden)
    const asked = new Set<unknown>()
    const query = other.ctx.db.query.bind(other.ctx.db)
    other.ctx.db.query = (statement) => {
      if (statement.name?.startsWith('tasks/list/')) asked.add(statement.values?.[1])
      return query(statement)
    }
    let requests = 0
    const range = `from=${daysAgo(365)}&to=${daysAgo(1)}`
    for (let cursor = ''; ; requests++) {
      const before = asked.size
      const { body } = await ask(`${range}${cursor}`, nobody, other)
      assert.ok(asked.size - before <= 31)
      assert.deepEqual(body.items, [])
      if (body.next_cursor === null) break
      cursor = `&cursor=${body.next_cursor}`
    }
    assert.ok(asked.size > 190 && asked.size < 210, `days before the first task are not looked into: ${asked.size}`)
    assert.ok(requests > 3)
    await plant(middayAgo(150), open)
    const { body } = await ask(`${range}&limit=1`, nobody, other)
    assert.equal(body.items[0].logged_date, daysAgo(1))
  })

  test('refuses days that are none, lie ahead or contradict each other, and names the parameter', async () => {
    for (const [query, pointer] of [
      [`date=${daysAgo(-1)}`, '/date'],
      [`from=${daysAgo(3)}&to=${daysAgo(-1)}`, '/to'],
      [`from=${daysAgo(-2)}&to=${daysAgo(-1)}`, '/to'],
      [`from=${daysAgo(-1)}`, '/from'],
      ['date=2024-02-30', '/date'],
      ['from=2024-1-1', '/from'],
      ['date=2024-01-01T00:00:00Z', '/date'],
      [`date=${daysAgo(3)}&from=${daysAgo(3)}`, '/date'],
      [`to=${daysAgo(3)}`, '/from'],
      [`from=${daysAgo(3)}&to=${daysAgo(4)}`, '/from'],
      ['from=2023-01-01&to=2024-01-02', '/from'],
      ['task_id=0', '/task_id'],
      ['task_id=abc', '/task_id'],
      [`date=${daysAgo(3)}&cursor=${cursorOf([daysAgo(4), '', ''])}`, '/cursor'],
      [`date=${daysAgo(3)}&cursor=${cursorOf([daysAgo(3), '', '7'])}`, '/cursor'],
      [`date=${daysAgo(3)}&cursor=${cursorOf(['2024-02-30', '', ''])}`, '/cursor'],
      ['colour=red', '/colour'],
    ]) {
      const answer = await ask(query ?? '')
      assertProblem(answer, 400, 'INVALID_REQUEST', query)
      assert.equal(answer.body.errors[0].pointer, pointer, query)
    }
    assert.equal((await ask('from=2023-01-01&to=2024-01-01')).status, 200, '366 days')
  })

  const cursorOf = (key: unknown) => Buffer.from(JSON.stringify(key)).toString('base64url')
})
