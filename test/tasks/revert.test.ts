import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CleanupStack, type Person } from '../support/app.ts'
import { openTransaction } from '../support/database.ts'
import { assertProblem } from '../support/problem.ts'
import { buildTeam, FULL_TASK, type Team, v1 } from './team.ts'

describe('reverting a task', () => {
  const cleanup = new CleanupStack()
  let team: Team

  before(async () => {
    team = await buildTeam(cleanup)
  })
  after(() => cleanup.run())

  const revert = (as: Person, id: number, version: unknown, headers?: Record<string, string>) =>
    team.app.send('POST', `${v1}/tasks/${id}/revert`, { as, body: { version }, headers })
  const latest = async (id: number) =>
    (await team.app.send('GET', `${v1}/tasks/${id}/history?limit=1`, { as: team.admin })).body.items[0]

  const OTHER = {
    ...{ title: 'After', description: '', status: 'completed', priority: 'LOW', labels: [] },
    ...{ due_date: null, assigned_user: null, external_id: null },
  }

  test('makes a new version with every field of the earlier one', async () => {
    const other = await team.newProject('Other')
    const { body: first } = await team.create(team.mia, FULL_TASK)
    await team.patch(team.mia, first.id, { ...OTHER, project_id: other })
    const answer = await revert(team.mia, first.id, 1)
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.etag, '"3"')
    assert.deepEqual({ ...answer.body, version: 1, updated_at: first.updated_at }, first)
    assert.deepEqual((await team.read(team.mia, first.id)).body, answer.body)
    const item = await latest(first.id)
    assert.deepEqual([item.version, item.cause, item.by, item.action], [3, 'revert', 'mia', 'changed'])
    assert.equal(item.changes.length, 9)
    assert.equal((await revert(team.mia, first.id, 2)).body.title, 'After')
  })

  test('brings a deleted task back, also to what it was when it was deleted', async () => {
    const id = await team.make(team.olga, { title: 'One' })
    await team.patch(team.olga, id, { title: 'Two' })
    await team.remove(team.olga, id)
    const back = await revert(team.olga, id, 2)
    assert.deepEqual([back.status, back.body.title, back.body.version], [200, 'Two', 4])
    assert.equal((await latest(id)).action, 'restored')
    await team.remove(team.olga, id)
    assert.equal((await revert(team.olga, id, 1)).body.title, 'One')
    const [row] = (
      await team.app.ctx.db.query({ text: 'select deleted_at, deletion_id from tasks where id = $1', values: [id] })
    ).rows
    assert.deepEqual(row, { deleted_at: null, deletion_id: null })
  })

  test('to a version in which it was deleted is 409', async () => {
    const id = await team.make(team.olga)
    await team.remove(team.olga, id)
    assertProblem(await revert(team.olga, id, 2), 409, 'VERSION_DELETED')
    await revert(team.olga, id, 1)
    assertProblem(await revert(team.olga, id, 2), 409, 'VERSION_DELETED')
    assert.equal((await team.read(team.olga, id)).body.version, 3)
  })

  test('to what it is already makes no version', async () => {
    const id = await team.make(team.olga, { title: 'Same' })
    const present = await revert(team.olga, id, 1)
    assert.deepEqual([present.status, present.body.version, present.headers.etag], [200, 1, '"1"'])
    await team.patch(team.olga, id, { title: 'Other' })
    await team.patch(team.olga, id, { title: 'Same' })
    assert.equal((await revert(team.olga, id, 1)).body.version, 3)
    assert.equal(await team.versions(id), 2)
  })

  test('to a version that never was, or that was where one may not read, is 404', async () => {
    const secret = await team.newProject('Secret')
    const id = await team.make(team.mia, { project_id: secret, title: 'Hidden' })
    await team.patch(team.mia, id, { project_id: team.project, assigned_user: 'olga' })
    const [hidden, never] = [await revert(team.olga, id, 1), await revert(team.olga, id, 7)]
    assertProblem(hidden, 404, 'VERSION_NOT_FOUND')
    assert.equal(hidden.text.replaceAll('version 1', 'version 7'), never.text)
    assert.equal((await team.read(team.olga, id)).body.version, 2)
    for (const version of [0, -1, 1.5, '1', null, 3_000_000_000, undefined]) {
      assertProblem(await revert(team.olga, id, version), 400, 'INVALID_REQUEST')
    }
  })

  test('is for those who may change the task now', async () => {
    const id = await team.make(team.olga)
    await team.patch(team.olga, id, { title: 'Changed' })
    assertProblem(await revert(team.carl, id, 1), 403, 'TASK_FORBIDDEN')
    assertProblem(await revert(team.carl, id, 9), 403, 'TASK_FORBIDDEN')
    assertProblem(await revert(team.otto, id, 1), 404, 'TASK_NOT_FOUND')
    await team.remove(team.olga, id)
    assertProblem(await revert(team.carl, id, 1), 403, 'TASK_FORBIDDEN')
    assertProblem(await revert(team.otto, id, 1), 404, 'TASK_NOT_FOUND')
    assertProblem(await revert(team.olga, 888_888, 1), 404, 'TASK_NOT_FOUND')
    await team.app.ctx.db.query({ text: 'delete from tasks where id = $1', values: [id] })
    assertProblem(await revert(team.olga, id, 1), 404, 'TASK_NOT_FOUND')
  })

  test('needs what a change to that state needs: project, assignee, external_id', async () => {
    const elsewhere = await team.newProject('Elsewhere')
    await team.join(elsewhere, team.carl, 'contributor')
    await team.join(elsewhere, team.olga, 'viewer')
    const id = await team.make(team.mia, { project_id: elsewhere, assigned_user: 'carl', external_id: 'X' })
    await team.patch(team.mia, id, { project_id: team.project, assigned_user: 'olga', external_id: null })
    assertProblem(await revert(team.olga, id, 1), 403, 'PROJECT_FORBIDDEN')
    await team.app.send('DELETE', `${v1}/projects/${elsewhere}/members/${team.carl.id}`, { as: team.mia })
    assertProblem(await revert(team.mia, id, 1), 400, 'UNKNOWN_ASSIGNEE')
    await team.join(elsewhere, team.carl, 'contributor')
    await team.make(team.mia, { project_id: elsewhere, external_id: 'X' })
    assertProblem(await revert(team.mia, id, 1), 409, 'EXTERNAL_ID_TAKEN')
    await team.app.send('PATCH', `${v1}/projects/${elsewhere}`, { as: team.mia, body: { archived: true } })
    assertProblem(await revert(team.mia, id, 1), 409, 'PROJECT_ARCHIVED')
    assert.equal((await team.read(team.mia, id)).body.version, 2)
  })

  test('honours If-Match: too late is 412 with the present state, also when a change came while it waited', async (t) => {
    const id = await team.make(team.olga, { title: 'One' })
    await team.patch(team.olga, id, { title: 'Two' })
    const late = await revert(team.olga, id, 1, { 'if-match': '"1"' })
    assertProblem(late, 412, 'VERSION_MISMATCH')
    assert.deepEqual([late.body.current.title, late.headers.etag], ['Two', '"2"'])
    const tx = await openTransaction(t, team.app.databaseUrl)
    const text = `update tasks set title = 'Three', version = version + 1, valid_from = clock_timestamp() where id = $1`
    await tx.query({ text, values: [id] })
    const waiting = revert(team.olga, id, 1, { 'if-match': '"2"' })
    await tx.someoneWaits()
    await tx.commit()
    assert.equal((await waiting).body.current.title, 'Three')
    assert.equal((await revert(team.olga, id, 1, { 'if-match': '"3"' })).body.title, 'One')
  })

  test('with an Idempotency-Key happens once', async () => {
    const id = await team.make(team.olga, { title: 'One' })
    await team.patch(team.olga, id, { title: 'Two' })
    const key = { 'idempotency-key': 'revert-once' }
    const first = await revert(team.olga, id, 1, key)
    await team.patch(team.olga, id, { title: 'Three' })
    const again = await revert(team.olga, id, 1, key)
    assert.deepEqual([again.status, again.text], [200, first.text])
    assert.equal((await team.read(team.olga, id)).body.title, 'Three')
  })
})
