import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CleanupStack, type Person, startApp } from '../support/app.ts'
import { assertProblem } from '../support/problem.ts'
import { buildTeam, type Team, v1 } from '../tasks/team.ts'
import { daysAgo, middayAgo, plantTask } from './past.ts'

describe('a task as of a time', () => {
  const cleanup = new CleanupStack()
  let team: Team

  before(async () => {
    team = await buildTeam(cleanup)
  })
  after(() => cleanup.run())

  const asOf = (as: Person, id: number, text: string, app = team.app) =>
    app.send('GET', `${v1}/tasks/${id}?as_of=${encodeURIComponent(text)}`, { as })
  const state = (valid_from: string, title: string, more = {}) => ({
    ...{ valid_from, title, project_id: team.project, changed_by: team.olga.id },
    ...more,
  })

  test('is its state at the end of that day, or at that instant and no moment sooner', async () => {
    const id = await plantTask(team.app, [
      state('2024-03-01T10:00:00Z', 'One'),
      state('2024-03-01T23:59:59.999999Z', 'Two', { assigned_user_id: team.carl.id, labels: ['a'] }),
      state('2024-03-02T00:00:00Z', 'Three'),
    ])
    for (const [text, title] of [
      ['2024-02-29', undefined],
      ['2024-03-01', 'Two'],
      ['2024-03-02', 'Three'],
      ['2024-03-01T09:59:59.999999Z', undefined],
      ['2024-03-01T10:00:00Z', 'One'],
      ['2024-03-01T23:59:59.999998Z', 'One'],
      ['2024-03-01T23:59:59.999999Z', 'Two'],
      ['2024-03-02T00:59:59.999999+01:00', 'Two'],
      ['2024-03-02T00:00:00Z', 'Three'],
    ] as const) {
      const answer = await asOf(team.olga, id, text)
      if (title) assert.equal(answer.body.title, title, text)
      else assertProblem(answer, 404, 'TASK_NOT_FOUND')
    }
    const { body, headers } = await asOf(team.olga, id, '2024-03-01')
    assert.deepEqual([body.version, body.assigned_user, body.labels], [2, 'carl', ['a']])
    assert.deepEqual(Object.keys(body), Object.keys((await team.read(team.olga, id)).body))
    assert.equal(headers.etag, undefined, 'If-Match speaks of the present state')
  })

  test('ends a day at midnight of the configured time zone, also where clocks change', async () => {
    const { databaseUrl } = team.app
    const vienna = await startApp(cleanup, { databaseUrl, env: { TIMEZONE: 'Europe/Vienna' } })
    // The day of 31 March 2024 has 23 hours there: it ends at 22:00 UTC.
    const id = await plantTask(team.app, [
      state('2024-03-31T21:59:59.999999Z', 'One'),
      state('2024-03-31T22:00:00Z', 'Two'),
      state('2024-03-31T23:00:00Z', 'Three'),
    ])
    assert.equal((await asOf(team.olga, id, '2024-03-31', vienna)).body.title, 'One')
    assert.equal((await asOf(team.olga, id, '2024-03-31')).body.title, 'Three')
  })

  test('today is the present, with its ETag', async () => {
    const { id } = (await team.create(team.olga)).body
    await team.patch(team.olga, id, { title: 'Now' })
    const answer = await asOf(team.olga, id, daysAgo(0))
    assert.deepEqual([answer.body.title, answer.headers.etag], ['Now', '"2"'])
    assertProblem(await asOf(team.olga, id, daysAgo(1)), 404, 'TASK_NOT_FOUND')
  })

  test('what lies in the future, or is no time, is 400 and names as_of', async () => {
    const { id } = (await team.create(team.olga)).body
    const soon = new Date(Date.now() + 60_000).toISOString()
    for (const text of [daysAgo(-1), soon, '9999-12-31', 'yesterday', '2024-02-30', '', '2024-01-01T00:00:00']) {
      const answer = await asOf(team.olga, id, text)
      assertProblem(answer, 400, 'INVALID_REQUEST', text)
      assert.equal(answer.body.errors[0].pointer, '/as_of')
    }
  })

  test('a task that was deleted then is 404, one deleted or purged since is not', async () => {
    const id = await plantTask(team.app, [
      state(middayAgo(9), 'Alive'),
      state(middayAgo(7), 'Alive', { deleted: true }),
      state(middayAgo(5), 'Back'),
      state(middayAgo(3), 'Back', { deleted: true }),
    ])
    const titles = async () => {
      const answers = await Promise.all([9, 8, 7, 6, 5, 4, 3, 2].map((days) => asOf(team.olga, id, daysAgo(days))))
      return answers.map((answer) => (answer.body.title === undefined ? answer.status : answer.body.title))
    }
    const expected = ['Alive', 'Alive', 'Not Found', 'Not Found', 'Back', 'Back', 'Not Found', 'Not Found']
    assert.deepEqual(await titles(), expected)
    await team.app.ctx.db.query({ text: 'delete from tasks where id = $1', values: [id] })
    assert.deepEqual(await titles(), expected)
  })

  test('shows it to those who may now read the project it was in then; to others it never was', async () => {
    const secret = await team.newProject('Secret')
    const id = await plantTask(team.app, [
      state(middayAgo(9), 'Hidden', { project_id: secret }),
      state(middayAgo(7), 'Open'),
      state(middayAgo(5), 'Hidden again', { project_id: secret }),
    ])
    assertProblem(await asOf(team.olga, id, daysAgo(8)), 404, 'TASK_NOT_FOUND')
    assert.equal((await asOf(team.olga, id, daysAgo(6))).body.title, 'Open')
    const [hidden, never] = [await asOf(team.olga, id, daysAgo(4)), await asOf(team.olga, 888_888, daysAgo(4))]
    assertProblem(hidden, 404, 'TASK_NOT_FOUND')
    assert.equal(hidden.text.replaceAll(String(id), 'ID'), never.text.replaceAll('888888', 'ID'))
    assert.equal((await asOf(team.mia, id, daysAgo(8))).body.title, 'Hidden')
  })
})
