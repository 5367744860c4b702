import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Answer, CleanupStack, startApp } from '../support/app.ts'
import { openTransaction } from '../support/database.ts'
import { assertProblem } from '../support/problem.ts'
import { buildTeam, type Team, v1 } from './team.ts'

const WRITERS = 50

describe('tasks under concurrent writers', () => {
  const cleanup = new CleanupStack()
  let team: Team

  before(async () => {
    team = await buildTeam(cleanup)
  })
  after(() => cleanup.run())

  const make = async (body?: object) => (await team.create(team.mia, body)).body.id as number
  const statuses = (answers: Answer[]) => answers.map((answer) => answer.status).sort((a, b) => a - b)

  test('of two changes of the same version one holds, the other is told the present state', async () => {
    for (let round = 0; round < 5; round++) {
      const id = await make()
      const answers = await Promise.all(['A', 'B'].map((title) => team.patch(team.mia, id, { title }, '"1"')))
      assert.deepEqual(statuses(answers), [200, 412])
      const [won, lost] = answers[0]?.status === 200 ? answers : answers.toReversed()
      assert.deepEqual(lost?.body.current, won?.body)
    }
  })

  test('fifty writers who read, add one and retry lose nothing', async () => {
    const id = await make({ title: '0' })
    let conflicts = 0
    const addOne = async () => {
      for (;;) {
        const { body, headers } = await team.read(team.mia, id)
        const answer = await team.patch(team.mia, id, { title: String(Number(body.title) + 1) }, String(headers.etag))
        if (answer.status === 200) return
        assertProblem(answer, 412)
        conflicts++
      }
    }
    await Promise.all(Array.from({ length: WRITERS }, addOne))
    const { body } = await team.read(team.mia, id)
    assert.deepEqual([body.title, body.version], [String(WRITERS), WRITERS + 1])
    assert.equal(await team.versions(id), WRITERS)
    assert.ok(conflicts > 0, 'they did meet')
  })

  test('two changes of different members at once both hold', async (t) => {
    const id = await make()
    const tx = await openTransaction(t, team.app.databaseUrl)
    await tx.query({ text: 'select from tasks where id = $1 for update', values: [id] })
    const both = [team.patch(team.mia, id, { title: 'New title' }), team.patch(team.mia, id, { priority: 'CRITICAL' })]
    await tx.someoneWaits(2)
    await tx.commit()
    assert.deepEqual(statuses(await Promise.all(both)), [200, 200])
    const { body } = await team.read(team.mia, id)
    assert.deepEqual([body.title, body.priority, body.version], ['New title', 'CRITICAL', 3])
    assert.equal(await team.versions(id), 2)
  })

  test('a change and a deletion at once: the task is deleted, in one order or the other', async () => {
    const id = await make()
    const [changed, removed] = await Promise.all([team.patch(team.mia, id, { title: 'x' }), team.remove(team.mia, id)])
    assert.equal(removed?.status, 204)
    assert.ok([200, 404].includes(changed?.status ?? 0))
    assertProblem(await team.read(team.mia, id), 404)
    assert.equal(await team.versions(id), changed?.status === 200 ? 2 : 1)
  })

  test('of fifty deletions one happens', async () => {
    const id = await make()
    const answers = await Promise.all(Array.from({ length: 50 }, () => team.remove(team.mia, id)))
    assert.deepEqual(statuses(answers), [204, ...Array(49).fill(404)])
    assert.equal(await team.versions(id), 1)
  })

  test('of many who use one external_id at once one gets it', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => team.create(team.mia, { external_id: 'same' })))
    assert.deepEqual(statuses(answers), [201, ...Array(19).fill(409)])
  })

  test('a change whose author lost the right to it while it waited is refused', async (t) => {
    const id = (await team.create(team.olga, { assigned_user: 'carl' })).body.id
    const tx = await openTransaction(t, team.app.databaseUrl)
    await tx.query({
      text: `update tasks set assigned_user_id = null, version = version + 1, valid_from = clock_timestamp() where id = $1`,
      values: [id],
    })
    const late = team.patch(team.carl, id, { title: 'too late' })
    await tx.someoneWaits()
    await tx.commit()
    assertProblem(await late, 403, 'TASK_FORBIDDEN')
    assert.equal((await team.read(team.olga, id)).body.title, 'Water the plants')
  })

  test('a change is never answered as done when what stood in its way vanished before it was named', async (t) => {
    const app = await startApp(t, { databaseUrl: team.app.databaseUrl })
    const id = await make()
    const archive = (archived: boolean) =>
      app.send('PATCH', `${v1}/projects/${team.project}`, { as: team.mia, body: { archived } })
    await archive(true)
    const query = app.ctx.db.query.bind(app.ctx.db)
    app.ctx.db.query = async (statement) => {
      if (statement.name?.startsWith('tasks/explain-refusal')) await archive(false)
      return query(statement)
    }
    const answer = await app.send('PATCH', `${v1}/tasks/${id}`, { as: team.mia, body: { title: 'Applied' } })
    const { body } = await team.read(team.mia, id)
    assert.equal(answer.status === 200, body.title === 'Applied', `${answer.status} ${body.title}`)
  })
})
