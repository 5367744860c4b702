import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CleanupStack, type Person, startApp } from '../support/app.ts'
import { assertPointsTo } from '../support/problem.ts'
import { buildTeam, type Team, v1 } from './team.ts'

interface Fixture {
  title: string
  description: string
  status: string
  priority: string
  labels: string[]
  due_date: string | null
  assigned_user: string | null
  created_at: string
  updated_at: string
}

const task = (title: string, created_at: string, rest: Partial<Fixture> = {}): Fixture => ({
  ...{ title, created_at, description: '', status: 'pending', priority: 'MEDIUM', labels: [] },
  ...{ due_date: null, assigned_user: null, updated_at: created_at },
  ...rest,
})

/** Dates are chosen around midnight; two tasks share a moment, two differ by a microsecond. */
const FIXTURES: Fixture[] = [
  task('Alpha report', '2025-03-01T00:00:00.000000Z', {
    status: 'active',
    priority: 'HIGH',
    labels: ['a', 'b'],
    due_date: '2025-04-01',
  }),
  task('Beta report', '2025-03-01T23:59:59.999999Z', { status: 'completed', assigned_user: 'olga', labels: ['a'] }),
  task('Gamma plan', '2025-03-02T00:00:00.000000Z', { priority: 'LOW', assigned_user: 'carl', due_date: '2025-04-02' }),
  task('Delta plan', '2025-03-02T12:00:00.000000Z', { description: 'the quarterly report', labels: ['b', 'c'] }),
  task('Epsilon', '2025-03-02T12:00:00.000000Z', { status: 'active', assigned_user: 'olga', due_date: '2025-04-30' }),
  task('Zeta', '2025-03-02T12:00:00.000001Z', { status: 'cancelled', priority: 'CRITICAL', labels: ['a', 'b', 'c'] }),
  task('Eta backup', '2025-03-03T08:00:00.000000Z', { status: 'inactive', updated_at: '2025-06-01T10:00:00.000000Z' }),
  task('Theta back up', '2025-03-04T08:00:00.000000Z', {
    assigned_user: 'carl',
    updated_at: '2025-06-02T10:00:00.000000Z',
  }),
]

type Filter = [query: string, matches: (task: Fixture) => boolean]

const FILTERS: Filter[] = [
  ['status=active', (t) => t.status === 'active'],
  ['status=active,completed', (t) => ['active', 'completed'].includes(t.status)],
  ['priority=HIGH,%20CRITICAL', (t) => ['HIGH', 'CRITICAL'].includes(t.priority)],
  ['assigned_user=olga', (t) => t.assigned_user === 'olga'],
  ['assigned_user=OLGA', (t) => t.assigned_user === 'olga'],
  ['assigned_user=me', (t) => t.assigned_user === 'olga'],
  ['assigned_user=none', (t) => t.assigned_user === null],
  ['assigned_user=nobody_at_all', () => false],
  ['label=a', (t) => t.labels.includes('a')],
  ['label=a,b', (t) => t.labels.includes('a') && t.labels.includes('b')],
  ['label=A', () => false],
  ['created_from=2025-03-02', (t) => t.created_at >= '2025-03-02'],
  ['created_to=2025-03-01', (t) => t.created_at < '2025-03-02'],
  ['created_from=2025-03-02T12:00:00Z', (t) => t.created_at >= '2025-03-02T12:00:00.000000Z'],
  ['created_to=2025-03-02T13:00:00%2B01:00', (t) => t.created_at <= '2025-03-02T12:00:00.000000Z'],
  ['updated_from=2025-06-02', (t) => t.updated_at >= '2025-06-02'],
  ['updated_to=2025-06-01T09:59:59.999999Z', (t) => t.updated_at < '2025-06-01T10:00:00.000000Z'],
  ['due_from=2025-04-02', (t) => t.due_date !== null && t.due_date >= '2025-04-02'],
  ['due_to=2025-04-02', (t) => t.due_date !== null && t.due_date <= '2025-04-02'],
  ['q=report', (t) => `${t.title} ${t.description}`.includes('report')],
  ['q=REPORT%20Alph', (t) => t.title === 'Alpha report'],
  ['q=back', (t) => t.title.includes('back')],
  ['q=ackup', () => false],
]

describe('the list of tasks', () => {
  const cleanup = new CleanupStack()
  let team: Team
  let olga: Person

  before(async () => {
    team = await buildTeam(cleanup)
    olga = team.olga
    for (const fixture of FIXTURES) await insert(team.project, fixture)
  })
  after(() => cleanup.run())

  /** Straight into the table: nobody chooses when a task is created. */
  async function insert(project: number, { assigned_user, ...fixture }: Fixture): Promise<void> {
    const columns = [
      ...Object.keys(fixture),
      'project_id',
      'created_by',
      'changed_by',
      'valid_from',
      'assigned_user_id',
    ]
    const values = [...Object.values(fixture), project, team.mia.id, team.mia.id, fixture.created_at, assigned_user]
    const places = values.map((_, i) =>
      i === values.length - 1 ? `(select id from users where username = $${i + 1})` : `$${i + 1}`,
    )
    await team.app.ctx.db.query({ text: `insert into tasks (${columns}) values (${places})`, values })
  }

  const list = (query: string, as = olga, on = team.app) => on.send('GET', `${v1}/tasks?${query}`, { as })
  const titles = async (query: string, as = olga, on = team.app): Promise<string[]> => {
    const answer = await list(query, as, on)
    assert.equal(answer.status, 200, `${query}: ${answer.text}`)
    return answer.body.items.map((item: { title: string }) => item.title)
  }
  const newestFirst = FIXTURES.toReversed()

  for (const [query, matches] of FILTERS) {
    test(`${query} finds what it says, newest first, alone and together with every other filter`, async () => {
      assert.deepEqual(
        await titles(query),
        newestFirst.filter(matches).map(({ title }) => title),
      )
      for (const [other, matchesToo] of FILTERS.filter(([other]) => other.split('=')[0] !== query.split('=')[0])) {
        const expected = newestFirst.filter((fixture) => matches(fixture) && matchesToo(fixture))
        assert.deepEqual(
          await titles(`${query}&${other}`),
          expected.map(({ title }) => title),
          other,
        )
      }
    })
  }

  test('sort turns the list round', async () => {
    assert.deepEqual(
      await titles('sort=-created_at'),
      newestFirst.map(({ title }) => title),
    )
    assert.deepEqual(
      await titles('sort=created_at'),
      FIXTURES.map(({ title }) => title),
    )
    assert.deepEqual(await titles('sort=created_at&status=active'), ['Alpha report', 'Epsilon'])
    for (const sort of ['title', 'password_hash', '-id', 'created_at desc', '']) {
      assertPointsTo(await list(`sort=${encodeURIComponent(sort)}`), '/sort')
    }
  })

  test('a page is walked to its end in both directions, through tasks of one moment', async () => {
    for (const [sort, expected] of [
      ['-created_at', newestFirst],
      ['created_at', FIXTURES],
    ] as const) {
      for (const limit of [1, 2, 3]) {
        assert.deepEqual(
          await walk(`sort=${sort}&limit=${limit}`),
          expected.map(({ title }) => title),
        )
      }
    }
    assert.deepEqual(await walk('limit=1&label=a'), ['Zeta', 'Beta report', 'Alpha report'])
  })

  async function walk(query: string, between: () => Promise<void> = async () => {}): Promise<string[]> {
    const found: string[] = []
    for (let cursor = ''; ; ) {
      const { body } = await list(`${query}${cursor && `&cursor=${cursor}`}`)
      found.push(...body.items.map((item: { title: string }) => item.title))
      if (!body.next_cursor) return found
      cursor = body.next_cursor
      await between()
    }
  }

  test('tasks made and deleted while a list is walked neither shift nor repeat what is in it', async () => {
    const project = await team.newProject('Walked', olga)
    const made = new Map<string, number>()
    const make = async (title: string) =>
      made.set(title, (await team.create(olga, { title, project_id: project })).body.id)
    const first = ['one', 'two', 'three', 'four', 'five', 'six']
    for (const title of first) await make(title)
    let n = 0
    const newest = await walk(`project_id=${project}&limit=2`, async () => {
      await make(`later ${++n}`)
      // What was shown already is deleted: nothing after it moves up past the reader.
      await team.remove(olga, made.get(n === 1 ? 'six' : 'four') ?? 0)
    })
    assert.deepEqual(newest, first.toReversed())
    const oldest = await walk(`project_id=${project}&sort=created_at&limit=3`, async () => {
      if (n < 4) await make(`later ${++n}`)
    })
    assert.deepEqual(oldest, ['one', 'two', 'three', 'five', 'later 1', 'later 2', 'later 3', 'later 4'])
  })

  test('days are days of the configured time zone', async (t) => {
    const env = { TIMEZONE: 'America/New_York' }
    const on = await startApp(t, { databaseUrl: team.app.databaseUrl, env })
    assert.deepEqual(await titles('created_to=2025-02-28', olga, on), ['Alpha report'])
    assert.deepEqual(await titles('created_from=2025-03-01&created_to=2025-03-01', olga, on), [
      'Gamma plan',
      'Beta report',
    ])
  })

  for (const query of [
    'status=ACTIVE',
    'status=',
    'status=active,',
    'status=active;completed',
    'status=done',
    'priority=high',
    'priority=MEDIUM,URGENT',
    'assigned_user=',
    'label=',
    'project_id=0',
    'project_id=x',
    'project_id=1.5',
    'created_from=yesterday',
    'created_to=2025-02-30',
    'created_from=2025-03-01T10:00',
    'created_from=',
    'updated_from=1',
    'updated_to=2025-03-01T10:00:00',
    'due_from=2025-3-1',
    'due_to=2025-13-01',
    'due_to=2025-03-01T00:00:00Z',
  ]) {
    test(`${query} is 400, not ignored`, async () => {
      assertPointsTo(await list(query), `/${query.split('=')[0]}`)
    })
  }

  test('the first and the last instant and day are taken; an offset that no zone has is 400 and names the parameter', async () => {
    assertPointsTo(await list('created_from=2025-03-31T08:00:00%2B23:59'), '/created_from')
    for (const time of ['0001-01-01T00:00:00%2B14:00', '9999-12-31T23:59:59-14:00']) {
      assert.equal((await list(`created_from=${time}`)).status, 200, time)
    }
    for (const day of ['0001-01-01', '9999-12-31']) {
      for (const name of ['created_from', 'created_to', 'updated_from', 'updated_to', 'due_from', 'due_to']) {
        assert.equal((await list(`${name}=${day}`)).status, 200, `${name}=${day}`)
      }
    }
  })

  test('nobody finds tasks of a project they cannot see, by any filter', async () => {
    for (const query of [
      '',
      'q=report',
      `project_id=${team.project}`,
      'assigned_user=olga',
      'label=a',
      'sort=created_at',
      'project_id=888888',
    ]) {
      assert.deepEqual(await titles(query, team.otto), [], query)
    }
    const log = await team.app.send('GET', '/tasks', { as: team.otto })
    assert.deepEqual([log.body.tasks, log.body.total], [[], 0])
    assert.equal((await titles(`project_id=${team.project}&limit=100`, team.admin)).length, FIXTURES.length)
  })

  test('a project that was left shows nothing with the next request', async () => {
    const guest = await team.app.person('guest')
    await team.join(team.project, guest, 'viewer')
    assert.equal((await titles('', guest)).length, FIXTURES.length)
    await team.app.send('DELETE', `${v1}/projects/${team.project}/members/${guest.id}`, { as: team.mia })
    assert.deepEqual(await titles('', guest), [])
  })

  test('an item of the list is the task as it is read alone', async () => {
    const { body } = await list('limit=1')
    assert.deepEqual((await team.read(olga, body.items[0].id)).body, body.items[0])
  })
})
