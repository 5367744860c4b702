import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { daysAgo, middayAgo, plantTask } from '../history/past.ts'
import { type Answer, CleanupStack, type Person, startApp } from '../support/app.ts'
import { assertPointsTo, assertProblem } from '../support/problem.ts'
import { buildTeam, type Team, v1 } from '../tasks/team.ts'
import { readCsv } from './csv-reader.ts'

const HEADER =
  'id,project_id,title,description,status,priority,labels,due_date,assigned_user,created_by,external_id,import_id,' +
  'created_at,updated_at,version'

const TASKS = 1_200

const QUERIES = [
  '',
  'sort=created_at',
  'status=active,completed',
  'priority=HIGH&sort=created_at',
  'assigned_user=olga',
  'assigned_user=none&status=pending',
  'assigned_user=me',
  'label=a,b',
  'label_any=c,d',
  `created_from=${daysAgo(40)}&created_to=${daysAgo(20)}`,
  `updated_from=${daysAgo(9)}`,
  'due_from=2025-04-02&due_to=2025-04-20',
  'q=report',
  'q=report%2077',
  'project_id=888888',
  `as_of=${daysAgo(5)}`,
  `as_of=${daysAgo(15)}`,
  `as_of=${daysAgo(15)}&status=active&sort=created_at`,
  `as_of=${daysAgo(15)}&q=earlier&label=a`,
  `as_of=${daysAgo(30)}T12:00:00Z&assigned_user=carl`,
]

describe('an export', () => {
  const cleanup = new CleanupStack()
  let team: Team
  let people: Person[]

  before(async () => {
    team = await buildTeam(cleanup, { env: { RATE_LIMIT_USER: '100000/60' } })
    people = [team.admin, team.olga, team.otto]
    const hidden = await team.newProject('Hidden')
    for (let i = 0; i < TASKS; i++) await plant(i, i % 7 === 0 ? hidden : team.project)
  })
  after(() => cleanup.run())

  /** Each has an earlier state; some share the moment they were made at, some are deleted. */
  async function plant(i: number, project: number): Promise<void> {
    const now = {
      ...{ project_id: project, changed_by: team.mia.id, valid_from: middayAgo(i % 10) },
      ...{
        title: `Task ${i}`,
        description: i % 3 === 0 ? `The report ${i}` : '',
        external_id: i % 5 ? null : `X-${i}`,
      },
      status: ['pending', 'active', 'completed'][i % 3],
      priority: ['LOW', 'HIGH'][i % 2],
      labels: [[], ['a'], ['a', 'b'], ['c']][i % 4],
      due_date: i % 6 === 0 ? `2025-04-${10 + (i % 20)}` : null,
      assigned_user_id: [null, team.olga.id, team.carl.id][i % 3],
      deleted: i % 11 === 0,
    }
    const earlier = {
      ...now,
      title: `Earlier ${i}`,
      status: 'active',
      valid_from: middayAgo(20 + (i % 50)),
      deleted: false,
    }
    await plantTask(team.app, [earlier, now])
  }

  const get = (path: string, as = team.admin) => team.app.send('GET', `${v1}/${path}`, { as })

  /** Lines of JSON are no JSON. */
  async function file(
    path: string,
    as = team.admin,
    on = team.app,
  ): Promise<{ text: string; headers: Answer['headers'] }> {
    const headers = { authorization: `Bearer ${as.token}` }
    const answer = await on.app.http.inject({ url: `${v1}/${path}`, headers })
    assert.equal(answer.statusCode, 200, answer.payload)
    return { text: answer.payload, headers: answer.headers }
  }
  const objectsOf = (text: string) =>
    text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line))

  async function listed(query: string, as: Person): Promise<Record<string, unknown>[]> {
    const items: Record<string, unknown>[] = []
    for (let cursor = ''; ; ) {
      const { status, body, text } = await get(`tasks?limit=100&${query}${cursor}`, as)
      assert.equal(status, 200, text)
      items.push(...body.items)
      if (body.next_cursor === null) return items
      cursor = `&cursor=${body.next_cursor}`
    }
  }

  for (const query of QUERIES) {
    test(`with ${query || 'nothing'} holds what the pages of the list hold, in their order, whoever asks`, async () => {
      for (const person of people) {
        const tasks = await listed(query, person)
        assert.deepEqual(objectsOf((await file(`tasks.ndjson?${query}`, person)).text), tasks)
        const [header, ...rows] = readCsv((await file(`tasks.csv?${query}`, person)).text)
        assert.equal(header?.join(','), HEADER)
        assert.deepEqual(rows.map(toMilliseconds), tasks.map(toCells))
      }
    })
  }

  test('of these tasks is long enough to be fetched in parts, and not the same for everybody', async () => {
    const [admin, olga, otto] = await Promise.all(people.map((person) => listed('', person)))
    assert.ok((olga?.length ?? 0) > 600 && (admin?.length ?? 0) > (olga?.length ?? 0))
    assert.equal(otto?.length, 0)
  })

  test('of nothing is a header, or nothing', async () => {
    assert.equal((await file('tasks.csv', team.otto)).text, `${HEADER}\r\n`)
    assert.equal((await file('tasks.ndjson', team.otto)).text, '')
  })

  test('has the type of its content, and the name of the day its tasks are of', async () => {
    const csv = await file('tasks.csv?q=absent')
    assert.equal(csv.headers['content-type'], 'text/csv; charset=utf-8')
    assert.equal(csv.headers['content-disposition'], `attachment; filename="tasks-${daysAgo(0)}.csv"`)
    assert.ok(!csv.text.startsWith('\uFEFF'))
    const ndjson = await file(`tasks.ndjson?q=absent&as_of=${daysAgo(3)}`)
    assert.equal(ndjson.headers['content-type'], 'application/x-ndjson')
    assert.equal(ndjson.headers['content-disposition'], `attachment; filename="tasks-${daysAgo(3)}.ndjson"`)
  })

  test('has times to the microsecond', async () => {
    const created = `${daysAgo(80)}T01:02:03.456789Z`
    await plantTask(team.app, [
      { valid_from: created, title: 'Exact', project_id: team.project, changed_by: team.mia.id },
    ])
    const [, row] = readCsv((await file('tasks.csv?q=exact')).text)
    assert.deepEqual(row?.slice(12, 14), [created, created])
  })

  test('takes days of the configured time zone', async (t) => {
    const on = await startApp(t, { databaseUrl: team.app.databaseUrl, env: { TIMEZONE: 'Pacific/Kiritimati' } })
    const query = `as_of=${daysAgo(20)}&created_from=${daysAgo(30)}`
    const { text } = await file(`tasks.ndjson?${query}`, team.admin, on)
    const { body } = await on.send('GET', `${v1}/tasks?limit=100&${query}`, { as: team.admin })
    assert.ok(body.items.length > 50)
    assert.deepEqual(objectsOf(text).slice(0, 100), body.items)
  })

  test('of a time before the history that is kept is 410, as the list is', async () => {
    await team.app.ctx.db.query({ text: `update past_epoch set history_kept_from = now() - interval '100 days'` })
    for (const format of ['csv', 'ndjson']) {
      assertProblem(await get(`tasks.${format}?as_of=${daysAgo(200)}`), 410, 'HISTORY_NOT_KEPT')
      await file(`tasks.${format}?as_of=${daysAgo(90)}`)
    }
    await team.app.ctx.db.query({ text: 'update past_epoch set history_kept_from = null' })
  })

  test('without a token is 401', async () => {
    for (const format of ['csv', 'ndjson']) {
      assertProblem(await team.app.send('GET', `${v1}/tasks.${format}`), 401, 'AUTHENTICATION_REQUIRED')
    }
  })

  test('takes no parameter it does not know, pages among them', async () => {
    for (const name of ['limit', 'cursor', 'colour', 'bom']) {
      assertPointsTo(await get(`tasks.csv?${name}=1`), `/${name}`)
      assertPointsTo(await get(`tasks.ndjson?${name}=1`), `/${name}`)
    }
    assertPointsTo(await get('tasks.ndjson?raw=true'), '/raw')
    assertPointsTo(await get('tasks.csv?raw=yes'), '/raw')
    assertPointsTo(await get('tasks.csv?status=done'), '/status')
    assertPointsTo(await get('tasks.csv?as_of=2999-01-01'), '/as_of')
  })
})

/** A task as it stands in a row. */
function toCells(task: Record<string, unknown>): string[] {
  return HEADER.split(',').map((name) => {
    const value = task[name]
    return Array.isArray(value) ? value.join(',') : value === null ? '' : String(value)
  })
}

function toMilliseconds(row: string[]): string[] {
  return row.map((cell, i) => (i === 12 || i === 13 ? cell.replace(/\d{3}Z$/, 'Z') : cell))
}
