import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CleanupStack, multipart, type Person } from '../support/app.ts'
import { assertProblem } from '../support/problem.ts'
import { buildTeam, type Team, v1 } from '../tasks/team.ts'
import { middayAgo, plantTask } from './past.ts'

describe('the history of a task', () => {
  const cleanup = new CleanupStack()
  let team: Team

  before(async () => {
    team = await buildTeam(cleanup, { worker: true })
  })
  after(() => cleanup.run())

  const history = (as: Person, id: number, query = '') =>
    team.app.send('GET', `${v1}/tasks/${id}/history${query}`, { as })
  const versions = (items: { version: number }[]) => items.map(({ version }) => version)

  test('tells, newest first, field by field what changed, by whom, when and why', async () => {
    const id = (await team.create(team.olga, { assigned_user: 'carl', labels: ['garden'], priority: 'LOW' })).body.id
    await team.patch(team.carl, id, { status: 'active', labels: ['garden', 'urgent'] })
    await team.patch(team.mia, id, { assigned_user: null, due_date: '2031-01-02', description: 'Twice' })
    const { status, body } = await history(team.olga, id)
    assert.equal(status, 200)
    const items = body.items.map(({ at, ...item }: { at: string }) => item)
    const all = { cause: 'api', import_id: null }
    assert.deepEqual(items, [
      {
        ...all,
        ...{ version: 3, by: 'mia', action: 'changed' },
        changes: [
          { field: 'description', from: '', to: 'Twice' },
          { field: 'due_date', from: null, to: '2031-01-02' },
          { field: 'assigned_user', from: 'carl', to: null },
        ],
      },
      {
        ...all,
        ...{ version: 2, by: 'carl', action: 'changed' },
        changes: [
          { field: 'status', from: 'pending', to: 'active' },
          { field: 'labels', from: ['garden'], to: ['garden', 'urgent'] },
        ],
      },
      {
        ...all,
        ...{ version: 1, by: 'olga', action: 'created' },
        changes: [
          { field: 'title', from: null, to: 'Water the plants' },
          { field: 'status', from: null, to: 'pending' },
          { field: 'priority', from: null, to: 'LOW' },
          { field: 'labels', from: null, to: ['garden'] },
          { field: 'assigned_user', from: null, to: 'carl' },
          { field: 'project_id', from: null, to: team.project },
        ],
      },
    ])
    assert.equal(body.next_cursor, null)
    for (const item of body.items) {
      const then = await team.app.send('GET', `${v1}/tasks/${id}?as_of=${item.at}`, { as: team.olga })
      assert.equal(then.body.version, item.version, 'as_of `at` is the version itself')
    }
  })

  test('comes in pages that hold each version once, with its changes also at their edges', async () => {
    const { id } = (await team.create(team.mia)).body
    for (let i = 2; i <= 8; i++) await team.patch(team.mia, id, { title: `Title ${i}` })
    const whole = (await history(team.mia, id)).body.items
    assert.deepEqual(versions(whole), [8, 7, 6, 5, 4, 3, 2, 1])
    assert.deepEqual(whole[6].changes, [{ field: 'title', from: 'Water the plants', to: 'Title 2' }])
    const seen = []
    for (let cursor = ''; ; ) {
      const { body } = await history(team.mia, id, `?limit=3${cursor}`)
      seen.push(...body.items)
      if (body.next_cursor === null) break
      cursor = `&cursor=${body.next_cursor}`
    }
    assert.deepEqual(seen, whole)
    const beyond = Buffer.from('[1]').toString('base64url')
    assert.deepEqual((await history(team.mia, id, `?cursor=${beyond}`)).body, { items: [], next_cursor: null })
    assertProblem(await history(team.otto, id, `?cursor=${beyond}`), 404, 'TASK_NOT_FOUND')
  })

  test('names the import that made a task', async () => {
    const file = multipart('task_name,created_at\nFrom a file,3/31/2020\n')
    const { body } = await team.app.send('POST', '/upload-csv', { as: team.admin, ...file })
    const list = await team.app.send('GET', `${v1}/tasks?q=from+a+file`, { as: team.olga })
    const [created] = (await history(team.olga, list.body.items[0].id)).body.items
    assert.deepEqual(
      [created.cause, created.import_id, created.by, created.at],
      ['import', body.id, 'ada', '2020-03-31T00:00:00.000000Z'],
    )
  })

  test('is there for a deleted and for a purged task', async () => {
    const { id } = (await team.create(team.olga)).body
    await team.remove(team.mia, id)
    assertProblem(await team.read(team.olga, id), 404)
    const deleted = (await history(team.olga, id)).body.items
    assert.deepEqual(
      deleted.map((item: { action: string; by: string; changes: [] }) => [item.action, item.by, item.changes.length]),
      [
        ['deleted', 'mia', 0],
        ['created', 'olga', 4],
      ],
    )
    await team.app.ctx.db.query({ text: 'delete from tasks where id = $1', values: [id] })
    assert.deepEqual((await history(team.olga, id)).body.items, deleted)
    assertProblem(await history(team.otto, id), 404, 'TASK_NOT_FOUND')
  })

  test('shows a version to those who may now read the project it was in then, and never what it replaced there', async () => {
    const secret = await team.newProject('Secret')
    const at = (days: number, project_id: number, title: string) => ({
      ...{ valid_from: middayAgo(days), project_id, title, changed_by: team.mia.id },
    })
    const id = await plantTask(team.app, [
      at(9, team.project, 'Open'),
      at(8, secret, 'Hidden plan'),
      at(7, secret, 'Hidden end'),
      at(6, team.project, 'Open again'),
      at(5, team.project, 'Last'),
    ])
    const shown = await history(team.olga, id)
    assert.deepEqual(versions(shown.body.items), [5, 4, 1])
    assert.deepEqual(shown.body.items[1].changes, [])
    assert.equal(shown.body.items[1].action, 'changed')
    assert.doesNotMatch(shown.text, /Hidden/)
    const [first] = (await history(team.olga, id, '?limit=1')).body.items
    assert.deepEqual(first.changes, [{ field: 'title', from: 'Open again', to: 'Last' }])
    assert.deepEqual(versions((await history(team.mia, id)).body.items), [5, 4, 3, 2, 1])
    assert.equal((await history(team.mia, id)).body.items[1].changes.length, 2)
  })

  test('of a task one may not see is the 404 of one that never was', async () => {
    const { id } = (await team.create(team.mia)).body
    const [hidden, never] = [await history(team.otto, id), await history(team.otto, 888_888)]
    assertProblem(hidden, 404, 'TASK_NOT_FOUND')
    assert.equal(hidden.text.replaceAll(String(id), 'ID'), never.text.replaceAll('888888', 'ID'))
    await team.join(team.project, team.otto, 'viewer')
    assert.equal((await history(team.otto, id)).status, 200)
    await team.app.send('DELETE', `${v1}/projects/${team.project}/members/${team.otto.id}`, { as: team.mia })
    assertProblem(await history(team.otto, id), 404)
  })
})
