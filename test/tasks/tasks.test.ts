import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CleanupStack, type Person } from '../support/app.ts'
import { checksum } from '../support/database.ts'
import { assertPointsTo, assertProblem } from '../support/problem.ts'
import { buildTeam, type Team, v1 } from './team.ts'

const EVERYTHING = {
  title: 'Back up',
  description: 'Every night',
  status: 'active',
  priority: 'HIGH',
  labels: ['night', 'ops'],
  due_date: '2025-03-31',
  assigned_user: 'carl',
  external_id: 'JIRA-1',
}

describe('tasks', () => {
  const cleanup = new CleanupStack()
  let team: Team
  let olga: Person

  before(async () => {
    team = await buildTeam(cleanup)
    olga = team.olga
  })
  after(() => cleanup.run())

  /** A task of olga's. */
  const make = async (body?: object) => (await team.create(olga, body)).body
  const list = async (as: Person, query: string) =>
    (await team.app.send('GET', `${v1}/tasks?${query}`, { as })).body.items as { id: number }[]

  test('a task made with a title alone has the defaults', async () => {
    const answer = await team.create(olga)
    assert.equal(answer.status, 201)
    const { id, created_at, updated_at, ...rest } = answer.body
    assert.deepEqual(rest, {
      project_id: team.project,
      title: 'Water the plants',
      description: '',
      status: 'pending',
      priority: 'MEDIUM',
      labels: [],
      due_date: null,
      assigned_user: null,
      created_by: 'olga',
      external_id: null,
      import_id: null,
      version: 1,
    })
    assert.equal(created_at, updated_at)
    assert.ok(Math.abs(Date.parse(created_at) - Date.now()) < 5_000)
    assert.equal(answer.headers.location, `${v1}/tasks/${id}`)
    assert.equal(answer.headers.etag, '"1"')
  })

  test('tasks asked for at one moment: each is answered as who asks may see it', async () => {
    const { admin, mia, otto } = team
    const first = await make({ title: 'First' })
    const second = await make({ title: 'Second' })
    const asked = [
      ...[admin, olga, mia, otto].flatMap((who) => [first, second].map((task) => ({ who, task }))),
      { who: olga, task: { id: 999_999_999, title: '' } },
      { who: olga, task: first },
    ]
    const answers = await Promise.all(asked.map(({ who, task }) => team.read(who, task.id)))
    for (const [i, { status, body }] of answers.entries()) {
      const { who, task } = asked[i] ?? assert.fail()
      if (who === otto || !task.title) assert.equal(status, 404)
      else assert.deepEqual([status, body.id, body.title], [200, task.id, task.title])
    }
  })

  test('a task made with everything is read as it was made', async () => {
    const made = await team.create(olga, EVERYTHING)
    assert.equal(made.status, 201)
    const { id, version, created_at, updated_at, created_by, import_id, project_id, ...given } = made.body
    assert.deepEqual(given, EVERYTHING)
    const read = await team.read(team.carl, id)
    assert.deepEqual([read.status, read.headers.etag, read.text], [200, '"1"', made.text])
    await team.remove(olga, id)
  })

  test('without a project it goes to General', async () => {
    const { body } = await team.app.send('POST', `${v1}/tasks`, { as: olga, body: { title: 'Anywhere' } })
    const { body: project } = await team.app.send('GET', `${v1}/projects/${body.project_id}`, { as: olga })
    assert.deepEqual([project.name, project.is_default], ['General', true])
  })

  const changed = {
    title: 'Restore',
    description: '',
    status: 'completed',
    priority: 'LOW',
    labels: [],
    due_date: null,
    assigned_user: null,
    external_id: null,
  }
  for (const [member, value] of Object.entries(changed)) {
    test(`a change of ${member} alone keeps every other member`, async () => {
      const before = await make({ ...EVERYTHING, external_id: `only-${member}` })
      const answer = await team.patch(olga, before.id, { [member]: value })
      const { updated_at, ...rest } = answer.body
      assert.equal(answer.status, 200)
      assert.deepEqual({ ...before, [member]: value, version: 2 }, { ...rest, updated_at: before.updated_at })
      assert.ok(updated_at > before.updated_at)
      assert.equal(answer.headers.etag, '"2"')
      assert.equal((await team.read(olga, before.id)).text, answer.text)
      assert.equal(await team.versions(before.id), 1)
    })
  }

  test('a change that changes nothing makes no version', async () => {
    const before = await make({ ...EVERYTHING, external_id: 'unchanged' })
    for (const same of [
      {},
      { title: EVERYTHING.title },
      { ...EVERYTHING, external_id: 'unchanged', project_id: team.project },
      { labels: ['ops', 'night'] },
      { assigned_user: 'CARL' },
    ]) {
      const answer = await team.patch(olga, before.id, same)
      assert.deepEqual([answer.status, answer.body], [200, before], JSON.stringify(same))
    }
    assert.equal(await team.versions(before.id), 0)
  })

  test('members that are not for clients are refused, and nothing is changed', async () => {
    const { id } = await make()
    const before = await checksum(team.app)
    for (const member of [
      'id',
      'user_id',
      'created_by',
      'version',
      'deleted_at',
      'import_id',
      'created_at',
      'updated_at',
      'changed_by',
      'cause',
    ]) {
      assertPointsTo(await team.patch(olga, id, { title: 'x', [member]: 1 }), `/${member}`)
      assertPointsTo(await team.create(olga, { [member]: 1 }), `/${member}`)
    }
    assert.equal(await checksum(team.app), before)
  })

  test('a deleted task is gone from every place at once, and stays in its history', async () => {
    const { id } = await make({ title: 'Doomed thing' })
    const answer = await team.remove(olga, id)
    assert.deepEqual([answer.status, answer.text], [204, ''])
    for (const attempt of [
      team.read(olga, id),
      team.patch(olga, id, { title: 'back' }),
      team.patch(olga, id, {}),
      team.remove(olga, id),
      team.read(team.admin, id),
      team.app.send('GET', `/task/${id}`, { as: olga }),
      team.app.send('PUT', `/task/${id}`, { as: olga, body: { title: 'back' } }),
      team.app.send('DELETE', `/task/${id}`, { as: olga }),
    ]) {
      assertProblem(await attempt, 404, 'TASK_NOT_FOUND')
    }
    for (const query of ['limit=100', 'q=Doomed', `project_id=${team.project}&limit=100`]) {
      assert.ok(
        (await list(olga, query)).every((task) => task.id !== id),
        query,
      )
    }
    const { body } = await team.app.send('GET', '/tasks?per_page=100', { as: olga })
    assert.ok(body.tasks.every((task: { id: number }) => task.id !== id))
    assert.equal(await team.versions(id), 1)
  })

  test('If-Match lets a change in only at that version; 412 shows the present state', async () => {
    const { id } = await make()
    assert.equal((await team.patch(olga, id, { title: 'Second' }, '"1"')).status, 200)
    const stale = await team.patch(olga, id, { title: 'Third' }, '"1"')
    assertProblem(stale, 412, 'VERSION_MISMATCH')
    assert.equal(stale.headers.etag, '"2"')
    assert.deepEqual(stale.body.current, (await team.read(olga, id)).body)
    assert.equal(stale.body.current.title, 'Second')
    assertProblem(await team.patch(olga, id, {}, '"1"'), 412)
    assertProblem(await team.remove(olga, id, '"1"'), 412)
    assertProblem(await team.patch(olga, id, { title: 'Third' }, '"3"'), 412)
    assert.equal((await team.patch(olga, id, { title: 'Third' }, '*')).status, 200)
    assert.equal((await team.remove(olga, id, '"3"')).status, 204)
    assertProblem(await team.remove(olga, id, '"4"'), 404)
  })

  test('an If-Match that is not one ETag is 400', async () => {
    const { id } = await make()
    for (const etag of ['1', '""', '"x"', 'W/"1"', '"1", "2"', '"01"', '"-1"', "'1'", '"99999999999"', '']) {
      assertPointsTo(await team.patch(olga, id, { title: 'x' }, etag), '/if-match', etag)
    }
  })

  test('who may not change a task is told so before anything about its version', async () => {
    const { id } = await make()
    assertProblem(await team.patch(team.carl, id, { title: 'x' }, '"9"'), 403, 'TASK_FORBIDDEN')
    assertProblem(await team.patch(team.otto, id, { title: 'x' }, '"9"'), 404, 'TASK_NOT_FOUND')
  })

  test('labels are a set: their order means nothing', async () => {
    const made = await make({ labels: ['b', 'a', 'Ü'] })
    assert.deepEqual(made.labels, ['a', 'b', 'Ü'])
    assert.deepEqual((await team.patch(olga, made.id, { labels: ['c', 'a'] })).body.labels, ['a', 'c'])
  })

  test('an assignee may change a task until it is taken from them', async () => {
    const { id } = await make({ assigned_user: 'carl' })
    assert.equal((await team.patch(team.carl, id, { status: 'completed' })).status, 200)
    assert.equal((await team.patch(olga, id, { assigned_user: null })).status, 200)
    assertProblem(await team.patch(team.carl, id, { status: 'active' }), 403, 'TASK_FORBIDDEN')
    assertProblem(await team.remove(team.carl, id), 403, 'TASK_FORBIDDEN')
  })

  test('only active people of the project, and administrators, can be assigned', async () => {
    const { id } = await make()
    const gone = await team.app.person('gone')
    await team.join(team.project, gone, 'contributor')
    await team.app.send('POST', `${v1}/users/${gone.id}/disable`, { as: team.admin })
    const before = await checksum(team.app)
    for (const assigned_user of ['otto', 'gone', 'nobody', 'me', 'none', ' carl', '%']) {
      assertProblem(await team.patch(olga, id, { assigned_user }), 400, 'UNKNOWN_ASSIGNEE', assigned_user)
      assertPointsTo(await team.create(olga, { assigned_user }), '/assigned_user')
    }
    assert.equal(await checksum(team.app), before)
    for (const assigned_user of ['Carl', 'ADA', 'olga']) {
      assert.equal((await team.patch(olga, id, { assigned_user })).body.assigned_user, assigned_user.toLowerCase())
    }
  })

  test('sending back who is assigned already is no change, whatever became of them', async () => {
    const leaver = await team.app.person('leaver')
    await team.join(team.project, leaver, 'contributor')
    const { id } = await make({ assigned_user: 'leaver' })
    await team.app.send('POST', `${v1}/users/${leaver.id}/disable`, { as: team.admin })
    const answer = await team.patch(olga, id, { title: 'Still theirs', assigned_user: 'leaver' })
    assert.deepEqual([answer.status, answer.body.title, answer.body.assigned_user], [200, 'Still theirs', 'leaver'])
    assertProblem(await team.create(olga, { assigned_user: 'leaver' }), 400, 'UNKNOWN_ASSIGNEE')
  })

  test('an external_id is taken once a project', async () => {
    const first = await make({ external_id: 'X-1' })
    const second = await make({ external_id: 'X-2' })
    assertProblem(await team.create(olga, { external_id: 'X-1' }), 409, 'EXTERNAL_ID_TAKEN')
    assertProblem(await team.patch(olga, second.id, { external_id: 'X-1' }), 409, 'EXTERNAL_ID_TAKEN')
    assert.equal((await team.patch(olga, first.id, { external_id: 'X-1' })).status, 200)
    assert.equal((await team.create(olga, { external_id: 'x-1' })).status, 201, 'case matters')
    const elsewhere = await team.newProject('Elsewhere', olga)
    assert.equal((await team.create(olga, { external_id: 'X-1', project_id: elsewhere })).status, 201)
    assertProblem(await team.patch(olga, first.id, { project_id: elsewhere }), 409, 'EXTERNAL_ID_TAKEN')
    assert.equal((await team.read(olga, first.id)).body.project_id, team.project)
  })

  test('a task moves to another project of one who may create there, and nowhere else', async () => {
    const [own, viewed, hidden] = [
      await team.newProject('Own', olga),
      await team.newProject('Viewed'),
      await team.newProject('Hidden'),
    ]
    await team.join(viewed, olga, 'viewer')
    const { id } = await make()
    assertProblem(await team.patch(olga, id, { project_id: viewed }), 403, 'PROJECT_FORBIDDEN')
    const refused = await team.patch(olga, id, { project_id: hidden })
    assertProblem(refused, 404, 'PROJECT_NOT_FOUND')
    const never = await team.patch(olga, id, { project_id: 888_888 })
    assert.equal(refused.text.replaceAll(String(hidden), 'ID'), never.text.replaceAll('888888', 'ID'))
    const moved = await team.patch(olga, id, { project_id: own })
    assert.deepEqual([moved.status, moved.body.project_id, moved.body.version], [200, own, 2])
    assertProblem(await team.read(team.carl, id), 404, 'TASK_NOT_FOUND')
    assertProblem(await team.read(team.mia, id), 404, 'TASK_NOT_FOUND')
  })

  test('nobody moves the task of somebody else into a project of their own', async () => {
    const own = await team.newProject('Carls', team.carl)
    const { id } = await make()
    assertProblem(await team.patch(team.carl, id, { project_id: own }), 403, 'TASK_FORBIDDEN')
    assertProblem(await team.patch(team.otto, id, { project_id: own }), 404, 'TASK_NOT_FOUND')
    assert.equal((await team.read(olga, id)).body.project_id, team.project)
  })

  test('one who is only a viewer now can no longer change what they made', async () => {
    const paul = await team.app.person('paul')
    await team.join(team.project, paul, 'contributor')
    const { id } = (await team.create(paul)).body
    const url = `${v1}/projects/${team.project}/members/${paul.id}`
    await team.app.send('PATCH', url, { as: team.mia, body: { role: 'viewer' } })
    assertProblem(await team.patch(paul, id, { title: 'mine' }), 403, 'TASK_FORBIDDEN')
    assertProblem(await team.create(paul), 403, 'PROJECT_FORBIDDEN')
    assert.equal((await team.read(paul, id)).status, 200)
  })
})
