import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CleanupStack, PASSWORD, type Person } from '../support/app.ts'
import { assertPointsTo, assertProblem } from '../support/problem.ts'
import { buildTeam, type Team, v1 } from '../tasks/team.ts'

describe('projects', () => {
  const cleanup = new CleanupStack()
  let team: Team
  let mia: Person
  let counter = 0

  before(async () => {
    team = await buildTeam(cleanup)
    mia = team.mia
  })
  after(() => cleanup.run())

  const freshName = () => `Project ${++counter}`
  const create = (as: Person, name: string) => team.app.send('POST', `${v1}/projects`, { as, body: { name } })
  const change = (as: Person, id: number, body: object) => team.app.send('PATCH', `${v1}/projects/${id}`, { as, body })
  const read = (as: Person, id: number) => team.app.send('GET', `${v1}/projects/${id}`, { as })
  const list = async (as: Person, query = 'limit=100') =>
    (await team.app.send('GET', `${v1}/projects?${query}`, { as })).body.items as {
      id: number
      name: string
      role: string | null
    }[]
  const general = async () => (await list(mia)).find((project) => project.name === 'General') as { id: number }

  test('whoever makes a project is its maintainer and alone in it', async () => {
    const name = freshName()
    const answer = await create(team.carl, name)
    assert.equal(answer.status, 201)
    const { id, created_at, ...rest } = answer.body
    assert.deepEqual(rest, { name, role: 'maintainer', is_default: false, archived: false })
    assert.equal(answer.headers.location, `${v1}/projects/${id}`)
    assert.deepEqual((await read(team.carl, id)).body, answer.body)
    const members = await team.app.send('GET', `${v1}/projects/${id}/members`, { as: team.carl })
    assert.deepEqual(
      members.body.items.map((m: { username: string; role: string }) => [m.username, m.role]),
      [['carl', 'maintainer']],
    )
    assertProblem(await read(team.olga, id), 404, 'PROJECT_NOT_FOUND')
  })

  test('a name is taken once, however it is written', async () => {
    const name = freshName()
    const { id } = (await create(mia, name)).body
    for (const same of [name, name.toUpperCase(), name.toLowerCase()]) {
      assertProblem(await create(team.carl, same), 409, 'PROJECT_NAME_TAKEN')
    }
    const other = (await create(mia, freshName())).body
    assertProblem(await change(mia, other.id, { name: name.toUpperCase() }), 409, 'PROJECT_NAME_TAKEN')
    assert.equal((await change(mia, id, { name: name.toUpperCase() })).body.name, name.toUpperCase())
    const race = await Promise.all(Array.from({ length: 10 }, () => create(mia, 'Raced for')))
    assert.deepEqual(race.map((answer) => answer.status).sort(), [201, ...Array(9).fill(409)])
  })

  test('each sees their own projects; an administrator sees all, with their own role or none', async () => {
    const { id } = (await create(team.carl, freshName())).body
    assert.equal((await list(team.carl)).find((project) => project.id === id)?.role, 'maintainer')
    assert.equal(
      (await list(team.olga)).find((project) => project.id === id),
      undefined,
    )
    assert.equal((await list(team.admin)).find((project) => project.id === id)?.role, null)
    assert.equal((await list(team.otto)).length, 1, 'General')
  })

  test('a new name and archiving can come together; nothing to change is 400', async () => {
    const { id } = (await create(mia, freshName())).body
    const { body } = await change(mia, id, { name: 'Retired', archived: true })
    assert.deepEqual([body.name, body.archived], ['Retired', true])
    assertProblem(await change(mia, id, {}), 400)
    assert.equal((await change(mia, id, { archived: true })).status, 200, 'again is no conflict')
  })

  test('an archived project is out of the list, readable, and nothing in it is written until it is back', async () => {
    const id = await team.newProject(freshName())
    const { body: task } = await team.create(mia, { project_id: id })
    const { body: elsewhere } = await team.create(mia)
    await change(mia, id, { archived: true })
    assert.ok((await list(mia)).every((project) => project.id !== id))
    assert.deepEqual((await list(mia, 'archived=true&limit=100')).filter((project) => project.id === id).length, 1)
    assert.equal((await team.read(mia, task.id)).status, 200)
    for (const as of [mia, team.admin]) {
      for (const attempt of [
        team.create(as, { project_id: id }),
        team.patch(as, task.id, { title: 'x' }),
        team.patch(as, task.id, { project_id: team.project }),
        team.patch(as, elsewhere.id, { project_id: id }),
        team.remove(as, task.id),
        team.app.send('PUT', `/task/${task.id}`, { as, body: { title: 'x' } }),
        team.app.send('DELETE', `/task/${task.id}`, { as }),
      ]) {
        assertProblem(await attempt, 409, 'PROJECT_ARCHIVED')
      }
    }
    assert.equal((await team.read(mia, task.id)).body.version, 1)
    assert.equal((await team.join(id, team.carl, 'viewer')).status, 201, 'its members are managed still')
    assert.equal((await change(mia, id, { archived: false })).body.archived, false)
    assert.equal((await team.patch(mia, task.id, { title: 'x' })).status, 200)
  })

  test('General cannot be archived, and only administrators manage it', async () => {
    const { id } = await general()
    assertProblem(await change(team.admin, id, { archived: true }), 409, 'DEFAULT_PROJECT')
    assertProblem(await change(mia, id, { name: 'Mine' }), 403, 'PROJECT_FORBIDDEN')
    assert.equal((await change(team.admin, id, { name: 'Everybody' })).status, 200)
    assert.equal((await change(team.admin, id, { name: 'General', archived: false })).body.is_default, true)
  })

  test('every new user is a contributor of General, registered or made by an administrator', async () => {
    const { id } = await general()
    await team.app.send('POST', '/register', { body: { username: 'newcomer', password: PASSWORD } })
    const body = { username: 'hired', password: PASSWORD }
    await team.app.send('POST', `${v1}/users`, { as: team.admin, body })
    for (const username of ['newcomer', 'hired']) {
      const person = await team.app.login(username)
      assert.deepEqual(
        (await list(person)).map((project) => [project.id, project.role]),
        [[id, 'contributor']],
      )
    }
  })

  test('without General a user sees nothing, and tasks without a project are refused', async () => {
    const { id } = await general()
    const hermit = await team.app.person('hermit')
    await team.app.send('DELETE', `${v1}/projects/${id}/members/${hermit.id}`, { as: team.admin })
    assert.deepEqual(await list(hermit), [])
    const answer = await team.app.send('POST', '/task', { as: hermit, body: { title: 'x' } })
    assertProblem(answer, 404, 'PROJECT_NOT_FOUND')
    assert.doesNotMatch(answer.body.error, /undefined|null/)
  })

  test('a list asks archived with true or false', async () => {
    for (const value of ['yes', '1', '', 'TRUE']) {
      assertPointsTo(await team.app.send('GET', `${v1}/projects?archived=${value}`, { as: mia }), '/archived')
    }
  })
})
