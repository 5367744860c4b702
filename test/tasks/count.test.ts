import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { middayAgo, plantTask } from '../history/past.ts'
import { CleanupStack, type Person } from '../support/app.ts'
import { assertProblem } from '../support/problem.ts'
import { buildTeam, type Team, v1 } from './team.ts'

describe('what lists say about themselves', () => {
  const cleanup = new CleanupStack()
  let team: Team
  before(async () => {
    team = await buildTeam(cleanup)
    await team.create(team.olga, { labels: ['garden', 'water'], status: 'active' })
    await team.create(team.olga, { labels: ['garden'], title: 'Weed' })
    await team.create(team.olga, { labels: ['Gate'] })
    const { body } = await team.create(team.olga, { labels: ['gone'] })
    await team.remove(team.olga, body.id)
    const base = { project_id: team.project, changed_by: team.olga.id }
    await plantTask(team.app, [
      { ...base, valid_from: middayAgo(9), status: 'active' },
      { ...base, valid_from: middayAgo(3), status: 'completed' },
    ])
  })
  after(() => cleanup.run())

  const get = (path: string, as: Person = team.olga) => team.app.send('GET', `${v1}/${path}`, { as })
  const items = async (path: string, as?: Person) => (await get(path, as)).body.items

  test('is how many tasks they hold, now and as of a time, for who may see them', async () => {
    for (const [query, count] of [
      ['', 4],
      ['status=active', 1],
      ['label=garden', 2],
      ['q=weed', 1],
      [`as_of=${middayAgo(5).slice(0, 10)}`, 1],
      [`as_of=${middayAgo(5).slice(0, 10)}&status=completed`, 0],
      [`as_of=${middayAgo(2).slice(0, 10)}&status=completed`, 1],
      [`as_of=${middayAgo(20).slice(0, 10)}`, 0],
    ] as const) {
      assert.deepEqual((await get(`tasks/count?${query}`)).body, { count, capped: false }, query)
      assert.deepEqual((await get(`tasks/count?${query}`, team.otto)).body, { count: 0, capped: false })
    }
    assertProblem(await get('tasks/count?limit=3'), 400)
  })

  test('are the labels of their tasks, the most common first', async () => {
    assert.deepEqual(await items('labels'), ['garden', 'Gate', 'water'])
    assert.deepEqual(await items('labels?q=GA'), ['garden', 'Gate'])
    assert.deepEqual(await items('labels?q=%25'), [])
    assert.deepEqual(await items('labels', team.otto), [])
    await team.app.ctx.db.query({
      text: `insert into tasks (project_id, title, status, priority, created_by, created_at, updated_at, valid_from, changed_by)
             select $1, 'Newer', 'pending', 'LOW', $2, now(), now(), now(), $2 from generate_series(1, 20000)`,
      values: [await team.newProject('Gemini', team.carl), team.carl.id],
    })
    assert.deepEqual(await items('labels'), ['garden', 'Gate', 'water'], 'whatever there is elsewhere')
    assert.deepEqual(await items('labels', team.admin), [])
  })

  test('is "10,000, and more" where there are more', async () => {
    const make = (n: number) =>
      team.app.ctx.db.query({
        text: `insert into tasks (project_id, title, status, priority, created_by, created_at, updated_at, valid_from, changed_by)
               select $1, 'Many', 'pending', 'LOW', $2, now(), now(), now(), $2 from generate_series(1, $3)`,
        values: [team.project, team.olga.id, n],
      })
    await make(10_000)
    assert.deepEqual((await get('tasks/count?q=many')).body, { count: 10_000, capped: false })
    await make(1)
    assert.deepEqual((await get('tasks/count?q=many')).body, { count: 10_000, capped: true })
  })

  test('are the people who can be given tasks', async () => {
    assert.deepEqual(await items(`assignees?project_id=${team.project}`), ['ada', 'carl', 'mia', 'olga'])
    assert.deepEqual(await items(`assignees?project_id=${team.project}&q=O`), ['olga'])
    assert.deepEqual(await items(`assignees?project_id=${team.project}`, team.otto), [])
    assert.deepEqual(await items('assignees', team.otto), ['ada', 'carl', 'mia', 'olga', 'otto'])
    await team.app.ctx.db.query({ text: `update users set disabled_at = now() where username = 'carl'` })
    assert.deepEqual(await items('assignees?q=c'), [])
  })
})
