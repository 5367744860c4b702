import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CleanupStack, type Person } from '../support/app.ts'
import { openTransaction } from '../support/database.ts'
import { assertPointsTo, assertProblem } from '../support/problem.ts'
import { buildTeam, type Team, v1 } from './team.ts'

interface Named {
  id: number
  code?: string
}

const idsOf = (items: Named[]) => items.map(({ id }) => id).sort((a, b) => a - b)
const daysFromNow = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)

describe('many tasks chosen by a filter', () => {
  const cleanup = new CleanupStack()
  let team: Team

  before(async () => {
    team = await buildTeam(cleanup)
  })
  after(() => cleanup.run())

  const change = (as: Person, filter: object, changes: object) =>
    team.app.send('PATCH', `${v1}/tasks`, { as, body: { filter, changes } })
  const remove = (as: Person, filter: object) => team.app.send('DELETE', `${v1}/tasks`, { as, body: { filter } })
  const list = async (as: Person, filter: object) => {
    const query = new URLSearchParams(filter as Record<string, string>)
    return (await team.app.send('GET', `${v1}/tasks?limit=100&${query}`, { as })).body.items as Named[]
  }

  test('are those the list shows, for each of its filters', async () => {
    const project = await team.newProject('Filters')
    for (const person of [team.olga, team.carl]) await team.join(project, person, 'contributor')
    for (const [i, status] of ['pending', 'active', 'completed', 'cancelled'].entries()) {
      await team.make(team.mia, {
        project_id: project,
        status,
        title: `Paint wall ${i}`,
        labels: ['indoor', `n${i % 2}`],
      })
      await team.make(team.mia, { project_id: project, status, priority: 'HIGH', due_date: `2030-01-1${i}` })
      await team.make(team.mia, { project_id: project, status, assigned_user: 'mia', description: '100 % "done"' })
      await team.make(team.mia, { project_id: project, status, assigned_user: 'olga', labels: ['garden'] })
    }
    const today = daysFromNow(0)
    for (const [count, filter] of [
      [16, {}],
      [4, { status: 'active' }],
      [8, { status: 'active,pending' }],
      [4, { priority: 'HIGH,CRITICAL' }],
      [4, { assigned_user: 'me' }],
      [8, { assigned_user: 'none' }],
      [4, { assigned_user: 'OLGA' }],
      [0, { assigned_user: 'stranger' }],
      [2, { label: 'n1,indoor' }],
      [8, { label_any: 'indoor,garden' }],
      [4, { q: 'paint wa' }],
      [4, { q: '100 % "done"' }],
      [0, { q: '%' }],
      [16, { created_from: today, created_to: today, updated_from: today, updated_to: daysFromNow(1) }],
      [0, { created_to: daysFromNow(-1) }],
      [2, { due_from: '2030-01-11', due_to: '2030-01-12' }],
    ] as const) {
      const narrowed = { project_id: project, ...filter }
      const shown = idsOf(await list(team.mia, narrowed))
      assert.equal(shown.length, count, JSON.stringify(filter))
      const { body } = await change(team.mia, narrowed, { description: JSON.stringify(filter).repeat(2) })
      // Some of the words searched for are now in others' descriptions; the changed ones are those that were shown.
      assert.deepEqual(idsOf(body.changed), shown, JSON.stringify(filter))
      assert.deepEqual(body.refused, [])
      await team.sql(
        `update tasks set description = (select v.description from task_versions v where v.task_id = tasks.id and v.version = 1),
                version = version + 1, valid_from = clock_timestamp() where project_id = $1 and version > 1`,
        project,
      )
    }
    const gone = await remove(team.mia, { project_id: project, status: 'cancelled' })
    assert.equal(gone.body.deleted.length, 4)
    assert.equal((await list(team.mia, { project_id: project })).length, 12)
  })

  test('say of those one may see and not change why, and nothing of those one may not see', async () => {
    const mine = await team.make(team.carl, { labels: ['quarter'] })
    const theirs = await team.make(team.olga, { labels: ['quarter'] })
    const hidden = await team.make(team.admin, { labels: ['quarter'], project_id: await team.newProject('Hidden') })
    const changed = await change(team.carl, { label: 'quarter' }, { priority: 'LOW' })
    const refused = [
      { id: theirs, code: 'TASK_FORBIDDEN', detail: 'You may change only tasks you created or are assigned.' },
    ]
    assert.deepEqual(changed.body, { changed: [{ id: mine, version: 2 }], unchanged: [], refused })
    assert.deepEqual((await change(team.carl, { label: 'quarter' }, { priority: 'LOW' })).body, {
      changed: [],
      unchanged: [mine],
      refused,
    })
    const { body } = await remove(team.carl, { label: 'quarter' })
    assert.deepEqual([body.deleted, body.refused], [[{ id: mine, version: 3 }], refused])
    assert.deepEqual((await remove(team.otto, { label: 'quarter' })).body, {
      deleted: [],
      deletion_id: null,
      refused: [],
    })
    for (const id of [theirs, hidden]) assert.equal((await team.read(team.admin, id)).body.version, 1)
  })

  test('must be narrowed by something, in the words of the list', async () => {
    const id = await team.make()
    const changes = { title: 'x' }
    assertPointsTo(await change(team.olga, {}, changes), '/filter', 'changed')
    assertPointsTo(await remove(team.olga, {}), '/filter', 'deleted')
    for (const [filter, pointer] of [
      [{ status: 'pending,broken' }, '/filter/status'],
      [{ status: ['pending'] }, '/filter/status'],
      [{ project_id: 1e20 }, '/filter/project_id'],
      [{ created_from: '2025-02-30' }, '/filter/created_from'],
      [{ due_to: 'soon' }, '/filter/due_to'],
      [{ label: ',' }, '/filter/label'],
      [{ project_id: '1' }, '/filter/project_id'],
      [{ project_id: null }, '/filter/project_id'],
      [{ limit: 5 }, '/filter/limit'],
      [{ sort: 'created_at' }, '/filter/sort'],
      [{ cursor: 'x' }, '/filter/cursor'],
      [{ as_of: '2025-01-01' }, '/filter/as_of'],
    ] as const) {
      assertPointsTo(await change(team.olga, filter, changes), pointer, JSON.stringify(filter))
      assertPointsTo(await remove(team.olga, filter), pointer, JSON.stringify(filter))
    }
    assert.equal((await team.read(team.olga, id)).body.version, 1)
  })

  test('are not more than ten thousand: then nothing is done', async () => {
    const project = await team.newProject('Large')
    await team.sql(
      `insert into tasks (project_id, title, status, priority, created_by, created_at, updated_at, valid_from, changed_by)
       select $1, 'One of many', 'pending', 'LOW', $2, now(), now(), now(), $2 from generate_series(1, 10001)`,
      project,
      team.mia.id,
    )
    const filter = { project_id: project, status: 'pending' }
    for (const answer of [await change(team.mia, filter, { status: 'active' }), await remove(team.mia, filter)]) {
      assertProblem(answer, 409, 'TOO_MANY_TASKS')
      assert.equal(answer.body.limit, 10_000)
    }
    const untouched = await team.sql('select count(*) as n from tasks where project_id = $1 and version = 1', project)
    assert.deepEqual(untouched, [{ n: 10_001 }])
    const [one] = await list(team.mia, filter)
    await team.remove(team.mia, one?.id ?? 0)
    const { body } = await change(team.mia, filter, { status: 'active' })
    assert.equal(body.changed.length, 10_000)
    assert.equal((await remove(team.mia, { project_id: project })).body.deleted.length, 10_000)
  })

  test('that stop matching while the request waits for them are left alone', async (t) => {
    const [done, open] = [
      await team.make(team.olga, { labels: ['wait'] }),
      await team.make(team.olga, { labels: ['wait'] }),
    ]
    const tx = await openTransaction(t, team.app.databaseUrl)
    await tx.query({
      text: `update tasks set status = 'completed', version = version + 1, valid_from = clock_timestamp() where id = $1`,
      values: [done],
    })
    const late = remove(team.olga, { label: 'wait', status: 'pending' })
    await tx.someoneWaits()
    await tx.commit()
    const { body } = await late
    assert.deepEqual([body.deleted, body.refused], [[{ id: open, version: 2 }], []])
    assert.equal((await team.read(team.olga, done)).body.status, 'completed')
  })
})
