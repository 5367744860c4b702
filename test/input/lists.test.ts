import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { buildWorld, type World } from '../policy/world.ts'
import { CleanupStack } from '../support/app.ts'
import { readOperations } from '../support/openapi.ts'
import { assertPointsTo, assertProblem } from '../support/problem.ts'

const LISTS = [
  '/api/v1/users',
  '/api/v1/projects',
  '/api/v1/projects/{id}/members',
  '/api/v1/tasks',
  '/api/v1/tasks/{id}/history',
  '/api/v1/task-log',
  '/api/v1/trash',
  '/api/v1/imports',
  '/api/v1/imports/{id}/errors',
  '/api/v1/imports/{id}/undo',
  '/api/v1/jobs',
] as const

const cursor = (key: unknown) => Buffer.from(JSON.stringify(key)).toString('base64url')

/** Of the right shape for some list or other, and beyond the end of each. */
const BEYOND: Record<(typeof LISTS)[number], unknown> = {
  '/api/v1/users': ['999999999999999'],
  '/api/v1/projects': ['999999999999999'],
  '/api/v1/projects/{id}/members': ['999999999999999'],
  '/api/v1/tasks': ['0001-01-01T00:00:00.000000Z', '1'],
  '/api/v1/tasks/{id}/history': ['1'],
  '/api/v1/task-log': [new Date().toISOString().slice(0, 10), '0001-01-01T00:00:00.000000Z', '1'],
  '/api/v1/trash': ['0001-01-01T00:00:00.000000Z', '1'],
  '/api/v1/imports': ['1'],
  '/api/v1/imports/{id}/errors': ['999999999999999', 'zzz'],
  '/api/v1/imports/{id}/undo': ['999999999999999'],
  '/api/v1/jobs': ['0001-01-01T00:00:00.000000Z', '00000000-0000-0000-0000-000000000000'],
}

describe('lists', () => {
  const cleanup = new CleanupStack()
  let world: World
  let token: string | undefined
  let importId: number
  let taskId: number

  before(async () => {
    world = await buildWorld(cleanup)
    token = world.principals.find((principal) => principal.name === 'admin')?.token
    await fill()
  })
  after(() => cleanup.run())

  /** At least seven things in each list. */
  async function fill(): Promise<void> {
    const { app, projectId } = world
    importId = await world.makeImport('done')
    const sql = (text: string, values: unknown[] = []) => app.ctx.db.query({ text, values })
    for (let i = 0; i < 7; i++) {
      await world.makeMember()
      await world.makeJob('completed')
      taskId = await world.makeTask()
      await world.makeTrash()
    }
    for (let i = 0; i < 7; i++) {
      await app.send('PATCH', `/api/v1/tasks/${taskId}`, { as: token, body: { title: `Title ${i}` } })
    }
    await sql(`insert into projects (name) select 'Project ' || n from generate_series(1, 7) n`)
    await sql(`insert into imports (project_id, created_by, state) select $1, 1, 'done' from generate_series(1, 7)`, [
      projectId,
    ])
    await sql(
      `insert into import_errors (import_id, line, column_name, code, message)
       select $1, n / 2, case n % 2 when 0 then '' else 'status' end, 'BAD', 'bad' from generate_series(4, 12) n`,
      [importId],
    )
    await sql(`insert into import_updates (import_id, task_id, version) select $1, id, 99 from tasks limit 7`, [
      importId,
    ])
  }

  const url = (path: string) => {
    const id = path.includes('imports') ? importId : path.includes('tasks') ? taskId : world.projectId
    return path.replace('{id}', String(id))
  }
  const get = (path: string, query: string) => world.app.send('GET', `${url(path)}?${query}`, { as: token })

  test('every list of the API document is tried here', async () => {
    const operations = await readOperations(world.app)
    const lists = operations.filter(({ query }) => query.includes('limit')).map(({ path }) => path)
    assert.deepEqual(lists.sort(), [...LISTS].sort())
    for (const { name, query } of operations) assert.equal(query.includes('limit'), query.includes('cursor'), name)
  })

  for (const path of LISTS) {
    test(`${path}: a limit that is no whole number from 1 to 100 is 400, never cut`, async () => {
      for (const limit of [
        '0',
        '-1',
        '101',
        '1e2',
        '1e9',
        '',
        '010',
        '0x10',
        '1.5',
        '1.0',
        '%2B1',
        '%201',
        'ten',
        '9'.repeat(30),
        '１',
      ]) {
        assertPointsTo(await get(path, `limit=${limit}`), '/limit', limit)
      }
      assertPointsTo(await get(path, 'limit=1&limit=2'), '/limit')
      for (const limit of [1, 100]) assert.equal((await get(path, `limit=${limit}`)).status, 200)
    })

    test(`${path}: what is no cursor is 400`, async () => {
      const shapes = [
        [],
        {},
        null,
        'x',
        1,
        [1, 2, 3],
        [null],
        [{}],
        ['x'],
        ['-1'],
        ['1e3'],
        ['9'.repeat(16)],
        ["1' or 1=1"],
      ]
      for (const text of ['', 'x', '!', '====', 'bnVsbA', ...shapes.map(cursor), cursor(['x'.repeat(300)])]) {
        assertPointsTo(await get(path, `cursor=${text}`), '/cursor', text)
      }
      const impossible = await get(path, `cursor=${cursor(['2025-13-45T99:99:99.000000Z', '1'])}`)
      assertProblem(impossible, 400)
    })

    test(`${path}: a cursor past the end is an empty last page`, async () => {
      const answer = await get(path, `cursor=${cursor(BEYOND[path])}`)
      assert.equal(answer.status, 200, answer.text)
      assert.deepEqual(answer.body, { items: [], next_cursor: null })
    })

    test(`${path}: pages of any size make up the list, each thing once`, async () => {
      const whole = (await get(path, 'limit=100')).body
      assert.ok(whole.items.length >= 7)
      assert.equal(whole.next_cursor, null)
      for (const limit of [1, 3, whole.items.length]) {
        const collected: unknown[] = []
        for (let query = `limit=${limit}`; query; ) {
          const { items, next_cursor } = (await get(path, query)).body
          assert.ok(items.length > 0 && items.length <= limit)
          collected.push(...items)
          query = next_cursor ? `limit=${limit}&cursor=${next_cursor}` : ''
        }
        assert.deepEqual(collected, whole.items, `pages of ${limit}`)
      }
    })

    test(`${path}: twenty things unless asked for more or fewer`, async () => {
      const { items } = (await get(path, '')).body
      assert.ok(items.length >= 7 && items.length <= 20)
    })
  }

  test('GET /tasks: a page or a page size out of range is 400, a page past the end is empty', async () => {
    for (const member of ['page', 'per_page']) {
      for (const value of ['0', '-1', '1e2', '', '010', '1.5', '1000000000000', 'x']) {
        assertPointsTo(await get('/tasks', `${member}=${value}`), `/${member}`, value)
      }
    }
    assertPointsTo(await get('/tasks', 'per_page=101'), '/per_page')
    const { status, body } = await get('/tasks', 'page=999999999&per_page=100')
    assert.equal(status, 200)
    assert.deepEqual([body.tasks, body.current_page], [[], 999_999_999])
  })
})
