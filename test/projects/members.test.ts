import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CleanupStack, type Person } from '../support/app.ts'
import { checksum } from '../support/database.ts'
import { assertPointsTo, assertProblem } from '../support/problem.ts'
import { buildTeam, type Team, v1 } from '../tasks/team.ts'

describe('members of a project', () => {
  const cleanup = new CleanupStack()
  let team: Team
  let mia: Person
  let counter = 0

  before(async () => {
    team = await buildTeam(cleanup)
    mia = team.mia
  })
  after(() => cleanup.run())

  const url = (project: number, user?: number) =>
    `${v1}/projects/${project}/members${user === undefined ? '' : `/${user}`}`
  const add = (as: Person, project: number, username: string, role = 'viewer') =>
    team.app.send('POST', url(project), { as, body: { username, role } })
  const setRole = (as: Person, project: number, user: number, role: string) =>
    team.app.send('PATCH', url(project, user), { as, body: { role } })
  const remove = (as: Person, project: number, user: number) => team.app.send('DELETE', url(project, user), { as })
  const list = async (as: Person, project: number) => (await team.app.send('GET', url(project), { as })).body.items
  const newcomer = () => team.app.person(`newcomer_${++counter}`)

  test('a member is added by name, whatever its case, and listed', async () => {
    const anna = await newcomer()
    const answer = await add(mia, team.project, anna.username.toUpperCase(), 'contributor')
    assert.equal(answer.status, 201)
    const { added_at, ...rest } = answer.body
    assert.deepEqual(rest, { user_id: anna.id, username: anna.username, role: 'contributor' })
    assert.equal(answer.headers.location, url(team.project, anna.id))
    const found = (await list(anna, team.project)).find((member: { user_id: number }) => member.user_id === anna.id)
    assert.deepEqual(found, answer.body)
  })

  test('nobody is added twice, also not at once, and adding again changes no role', async () => {
    const anna = await newcomer()
    const answers = await Promise.all(Array.from({ length: 8 }, () => add(mia, team.project, anna.username)))
    assert.deepEqual(answers.map((answer) => answer.status).sort(), [201, ...Array(7).fill(409)])
    assertProblem(await add(mia, team.project, anna.username, 'maintainer'), 409, 'ALREADY_MEMBER')
    const found = (await list(mia, team.project)).find((member: { user_id: number }) => member.user_id === anna.id)
    assert.equal(found.role, 'viewer')
  })

  test('who is not there or disabled cannot be added', async () => {
    const gone = await newcomer()
    await team.app.send('POST', `${v1}/users/${gone.id}/disable`, { as: team.admin })
    for (const username of [gone.username, 'nobody_at_all', '%', ' carl']) {
      assertPointsTo(await add(mia, team.project, username), '/username', username)
    }
    assertPointsTo(await add(mia, team.project, 'otto', 'admin'), '/role')
    assertPointsTo(await add(mia, team.project, 'otto', 'owner'), '/role')
  })

  test('another role counts from the next request on', async () => {
    const anna = await newcomer()
    await add(mia, team.project, anna.username)
    assertProblem(await team.create(anna), 403, 'PROJECT_FORBIDDEN')
    assert.equal((await setRole(mia, team.project, anna.id, 'contributor')).body.role, 'contributor')
    assert.equal((await team.create(anna)).status, 201)
    await setRole(mia, team.project, anna.id, 'maintainer')
    assert.equal((await setRole(anna, team.project, mia.id, 'maintainer')).status, 200)
    await setRole(mia, team.project, anna.id, 'viewer')
    assertProblem(await setRole(anna, team.project, anna.id, 'maintainer'), 403, 'PROJECT_FORBIDDEN')
  })

  test('who is removed is out with the next request; their tasks stay as they are', async () => {
    const anna = await newcomer()
    await add(mia, team.project, anna.username, 'contributor')
    const { body: task } = await team.create(anna, { assigned_user: anna.username })
    assert.equal((await remove(mia, team.project, anna.id)).status, 204)
    assertProblem(await team.read(anna, task.id), 404, 'TASK_NOT_FOUND')
    assertProblem(await team.patch(anna, task.id, { title: 'x' }), 404, 'TASK_NOT_FOUND')
    assertProblem(await team.create(anna), 404, 'PROJECT_NOT_FOUND')
    assert.deepEqual((await team.read(mia, task.id)).body, task)
    assertProblem(await remove(mia, team.project, anna.id), 404, 'MEMBER_NOT_FOUND')
    assertProblem(await setRole(mia, team.project, anna.id, 'viewer'), 404, 'MEMBER_NOT_FOUND')
  })

  test('a maintainer of one project has no hand in another', async () => {
    const other = await team.newProject('Carls own', team.carl)
    const anna = await newcomer()
    await add(team.carl, other, anna.username)
    const before = await checksum(team.app)
    for (const attempt of [
      add(mia, other, 'otto'),
      setRole(mia, other, anna.id, 'maintainer'),
      remove(mia, other, anna.id),
      team.app.send('GET', url(other), { as: mia }),
    ]) {
      assertProblem(await attempt, 404, 'PROJECT_NOT_FOUND')
    }
    // A member of the one, asked for under the other.
    assertProblem(await setRole(mia, team.project, anna.id, 'maintainer'), 404, 'MEMBER_NOT_FOUND')
    assertProblem(await remove(mia, team.project, anna.id), 404, 'MEMBER_NOT_FOUND')
    assert.equal(await checksum(team.app), before)
  })

  test('an administrator manages a project without being in it', async () => {
    const anna = await newcomer()
    assert.equal((await add(team.admin, team.project, anna.username)).status, 201)
    assert.equal((await setRole(team.admin, team.project, anna.id, 'contributor')).status, 200)
    assert.equal((await remove(team.admin, team.project, anna.id)).status, 204)
  })
})
