import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { takeLease } from '../../src/imports/lease-queries.ts'
import { beginUndo, listLeft, planUndo, undoStretch } from '../../src/imports/undo-queries.ts'
import { CleanupStack, type Person, type TestApp } from '../support/app.ts'
import { openTransaction } from '../support/database.ts'
import {
  abortAfter,
  actorOf,
  count,
  fresh,
  imported,
  importRow,
  livingTasks,
  lockWaits,
  run,
  type Staged,
  stage,
  startTeam,
  type TaskState,
  taskByKey,
  tasksByKey,
  undo,
} from './staged.ts'

const HEADER = 'title,description,labels,external_id'

describe('undoing an import', () => {
  const cleanup = new CleanupStack()
  let app: TestApp
  let admin: Person
  let john: Person

  before(async () => {
    ;({ app, admin, john } = await startTeam(cleanup))
  })
  after(() => cleanup.run())

  const asAdmin = () => actorOf(admin, 'admin')
  const load = (header: string, rows: string[][], options?: Staged) => imported(app, admin, header, rows, options)
  const begin = (id: number) => beginUndo(app.ctx.db, asAdmin(), id)
  const plan = (id: number) => planUndo(app.ctx.db, asAdmin(), id)
  const left = (id: number, afterId = 0, limit = 100) => listLeft(app.ctx.db, asAdmin(), id, { afterId, limit })
  const undone = async (id: number) => {
    const { state, undone_removed, undone_restored, undone_left } = await importRow(app, id)
    return [state, undone_removed, undone_restored, undone_left]
  }
  const task = (externalId: string) => taskByKey(app, externalId)
  const send = async (method: 'PATCH' | 'DELETE' | 'POST', path: string, body?: object) => {
    const answer = await app.send(method, `/api/v1/tasks/${path}`, { as: admin, body })
    assert.ok(answer.status < 300, answer.text)
    return answer
  }
  const fields = ({ title, description, labels, due_date, assigned_user_id, status, priority }: TaskState) => ({
    ...{ title, description, labels, due_date, assigned_user_id, status, priority },
  })

  /** Four tasks that are there and an import that updates two of them and creates three. */
  async function plant() {
    const k = fresh()
    await load('title,description,labels,due_date,assigned_user,status,priority,external_id', [
      ['Old 1', 'text', 'a,b', '2030-01-01', 'john_doe', 'active', 'HIGH', `${k}1`],
      ['Old 2', '', '', '', '', '', '', `${k}2`],
      ['Old 3', '', '', '', '', '', '', `${k}3`],
    ])
    const before = await tasksByKey(app)
    const id = await load('title,description,labels,due_date,assigned_user,status,priority,external_id', [
      ['New 1', '', '', '', '', 'completed', 'LOW', `${k}1`],
      ['New 2', 'x', 'c', '', 'john_doe', '', '', `${k}2`],
      ['Old 3', '', '', '', '', '', '', `${k}3`],
      ['New 4', '', '', '', '', '', '', `${k}4`],
      ['New 5', '', '', '', '', '', '', `${k}5`],
      ['', '', '', '', '', '', '', `${k}6`],
    ])
    return { k, id, before }
  }

  test('what it created goes to the trash, what it updated becomes what it was, as new versions by who undid', async () => {
    const { k, id, before } = await plant()
    assert.deepEqual(await plan(id), { removed: 2, restored: 2, left: 0 })
    const row = await begin(id)
    assert.deepEqual([row?.state, row?.undone_by], ['undoing', admin.id])
    await undo(app, id)
    assert.deepEqual(await undone(id), ['undone', 2, 2, 0])
    const now = await tasksByKey(app)
    for (const n of ['1', '2', '3']) {
      assert.deepEqual(fields(now[k + n] as TaskState), fields(before[k + n] as TaskState))
    }
    const restored = await task(`${k}1`)
    assert.deepEqual([restored.version, restored.cause, restored.changed_by], [3, 'undo', admin.id])
    assert.equal((await task(`${k}3`)).version, 1)
    assert.deepEqual([now[`${k}4`], now[`${k}5`]], [undefined, undefined])
    const { body } = await app.send('GET', '/api/v1/trash', { as: admin })
    const trashed = body.items.filter((t: { external_id: string }) => t.external_id?.startsWith(k))
    assert.equal(trashed.length, 2)
    assert.equal(new Set(trashed.map((t: { deletion_id: string }) => t.deletion_id)).size, 1)
    assert.deepEqual(await left(id), [])
    const history = await app.send('GET', `/api/v1/tasks/${restored.id}/history`, { as: admin })
    assert.deepEqual(
      history.body.items.map((v: { cause: string }) => v.cause),
      ['undo', 'import', 'import'],
    )
  })

  test('the plan writes nothing', async () => {
    const { id } = await plant()
    const before = await livingTasks(app)
    await plan(id)
    await left(id)
    assert.deepEqual(await livingTasks(app), before)
    assert.deepEqual(await undone(id), ['done', 0, 0, 0])
  })

  test('what was changed or deleted since is left, counted and listed, before the undo and after it', async () => {
    const { k, id } = await plant()
    const ids = await Promise.all(['1', '2', '4', '5'].map(async (n) => (await task(k + n)).id))
    const [one, two, four, five] = ids as [number, number, number, number]
    await send('PATCH', `${one}`, { priority: 'CRITICAL' })
    await send('DELETE', `${two}`)
    await send('PATCH', `${four}`, { title: 'Mine' })
    await send('DELETE', `${five}`)
    const expected = [
      { task_id: one, reason: 'CHANGED_SINCE' },
      { task_id: two, reason: 'DELETED_SINCE' },
      { task_id: four, reason: 'CHANGED_SINCE' },
      { task_id: five, reason: 'DELETED_SINCE' },
    ]
    assert.deepEqual(await plan(id), { removed: 0, restored: 0, left: 4 })
    assert.deepEqual(await left(id), expected)
    assert.deepEqual(await left(id, one, 2), expected.slice(1, 3))
    await begin(id)
    await undo(app, id)
    assert.deepEqual(await undone(id), ['undone', 0, 0, 4])
    await send('POST', `${five}/restore`)
    assert.deepEqual(await left(id), expected)
    assert.deepEqual(await left(id, one, 2), expected.slice(1, 3))
    assert.equal((await task(`${k}4`)).title, 'Mine')
    assert.equal((await task(`${k}1`)).priority, 'CRITICAL')
  })

  test('a task that another import updated since is left to that one; undone in turn, both go back', async () => {
    const k = fresh()
    await load(HEADER, [['Zero', '', '', `${k}1`]])
    const first = await load(HEADER, [['One', '', '', `${k}1`]])
    const second = await load(HEADER, [['Two', '', '', `${k}1`]])
    assert.deepEqual(await plan(first), { removed: 0, restored: 0, left: 1 })
    await begin(second)
    await undo(app, second)
    assert.equal((await task(`${k}1`)).title, 'One')
    await begin(first)
    await undo(app, first)
    // It is as the first one left it, but not because of it: nobody can tell that from a change.
    assert.deepEqual(await undone(first), ['undone', 0, 0, 1])
    assert.deepEqual((await left(first))[0]?.reason, 'CHANGED_SINCE')
  })

  test('what was purged is counted as left; of an updated one the list says so', async () => {
    const { k, id } = await plant()
    const [one, four] = [await task(`${k}1`), await task(`${k}4`)]
    for (const { id } of [one, four]) await send('DELETE', `${id}`)
    await app.ctx.db.query({ text: `delete from tasks where id in (${one.id}, ${four.id})` })
    assert.deepEqual(await plan(id), { removed: 1, restored: 1, left: 2 })
    await begin(id)
    await undo(app, id)
    assert.deepEqual(await undone(id), ['undone', 1, 1, 2])
    assert.deepEqual(await left(id), [{ task_id: one.id, reason: 'DELETED_SINCE' }])
  })

  test('a state that the retention has given up cannot be given back', async () => {
    const { k, id } = await plant()
    const { id: one } = await task(`${k}1`)
    const { id: two } = await task(`${k}2`)
    // Given up, and not yet removed.
    await app.ctx.db.query({ text: `update past_epoch set history_kept_from = now() + interval '1 hour'` })
    const gone = [one, two].map((task_id) => ({ task_id, reason: 'HISTORY_GONE' }))
    assert.deepEqual(await plan(id), { removed: 2, restored: 0, left: 2 })
    assert.deepEqual(await left(id), gone)
    await app.ctx.db.query({ text: `update past_epoch set history_kept_from = null` })
    // Removed.
    await app.ctx.db.query({ text: `delete from task_versions where task_id in (${one}, ${two})` })
    await begin(id)
    await undo(app, id)
    assert.deepEqual(await undone(id), ['undone', 2, 0, 2])
    assert.deepEqual(await left(id), gone)
    assert.equal((await task(`${k}1`)).version, 2)
  })

  test('a second undo, and one of what wrote nothing, is refused', async () => {
    const { id } = await plant()
    await begin(id)
    assert.equal(await begin(id), undefined)
    await undo(app, id)
    assert.equal(await begin(id), undefined)
    assert.equal(await plan(id), undefined)
    await undo(app, id)
    assert.deepEqual(await undone(id), ['undone', 2, 2, 0])
    const dry = await load(HEADER, [['One', '', '', '']], { dryRun: true })
    assert.equal(await begin(dry), undefined)
    assert.equal(await begin(await load(HEADER, [['', '', '', '']])), undefined)
  })

  test('interrupted between two stretches, it goes on where it was, each task once', async () => {
    const k = fresh()
    const rows = (title: string, from: number, to: number) =>
      Array.from({ length: to - from }, (_, i) => [title, '', '', `${k}${from + i}`])
    await load(HEADER, rows('Old', 0, 20))
    const id = await load(HEADER, rows('New', 0, 40))
    await begin(id)
    let stops = 0
    while ((await importRow(app, id)).state === 'undoing') {
      await undo(app, id, 7, abortAfter(1)).catch(() => stops++)
    }
    assert.ok(stops >= 5, `${stops} stops`)
    assert.deepEqual(await undone(id), ['undone', 20, 20, 0])
    assert.equal(await count(app, `tasks where external_id like '${k}%' and title = 'Old' and version = 3`), 20)
    assert.equal(await count(app, `tasks where import_id = ${id} and deleted_at is not null and version = 2`), 20)
    assert.equal(await count(app, `(select distinct deletion_id from tasks where import_id = ${id}) d`), 1)
  })

  test('a worker that was thought dead undoes nothing', async () => {
    const { id } = await plant()
    await begin(id)
    const old = await takeLease(app.ctx.db, id, ['undoing'])
    assert.ok(old)
    const before = await livingTasks(app)
    await takeLease(app.ctx.db, id, ['undoing'])
    const late = app.ctx.db.bulkTransaction((tx) => undoStretch(tx, old, Number.MAX_SAFE_INTEGER))
    await assert.rejects(late, /taken by another worker/)
    assert.deepEqual(await livingTasks(app), before)
    await undo(app, id)
    assert.deepEqual(await undone(id), ['undone', 2, 2, 0])
  })

  test('two workers at once undo each task once', async () => {
    const { id } = await plant()
    await begin(id)
    await Promise.all([undo(app, id, 1), undo(app, id, 1)])
    await undo(app, id)
    assert.deepEqual(await undone(id), ['undone', 2, 2, 0])
  })

  test('a change that comes while the undo waits for its task is kept', async (t) => {
    const { k, id } = await plant()
    const [one, four] = [await task(`${k}1`), await task(`${k}4`)]
    const other = await openTransaction(t, app.databaseUrl)
    await other.query({
      text: `update tasks set title = 'Meanwhile', version = version + 1, valid_from = clock_timestamp()
              where id in (${one.id}, ${four.id})`,
    })
    await begin(id)
    const undoing = undo(app, id)
    await lockWaits(app, 1)
    await other.commit()
    await undoing
    assert.deepEqual(await undone(id), ['undone', 1, 1, 2])
    assert.deepEqual([(await task(`${k}1`)).title, (await task(`${k}4`)).title], ['Meanwhile', 'Meanwhile'])
    const reasons = (await left(id)).map(({ reason }) => reason)
    assert.deepEqual(reasons, ['CHANGED_SINCE', 'CHANGED_SINCE'])
  })

  test('an undo that failed can be begun again, and goes on with what is left', async () => {
    const { id } = await plant()
    await begin(id)
    await undo(app, id, 2, abortAfter(1)).catch(() => {})
    await app.ctx.db.query({
      text: `update imports set state = 'failed', failure_code = 'UNDO_FAILED' where id = ${id}`,
    })
    await begin(id)
    await undo(app, id)
    assert.deepEqual(await undone(id), ['undone', 2, 2, 0])
    assert.deepEqual(await left(id), [])
  })

  test('of an import that was cancelled, what it had written is taken back', async () => {
    const k = fresh()
    const id = await stage(
      app,
      admin,
      HEADER,
      Array.from({ length: 10 }, (_, i) => [`N${i}`, '', '', `${k}${i}`]),
    )
    await run(app, id, 3, abortAfter(2)).catch(() => {})
    await app.ctx.db.query({ text: `update imports set state = 'cancelled' where id = ${id}` })
    const { created } = await importRow(app, id)
    assert.ok(created > 0 && created < 10)
    await begin(id)
    await undo(app, id)
    assert.deepEqual(await undone(id), ['undone', created, 0, 0])
    assert.equal(await count(app, `tasks where external_id like '${k}%' and deleted_at is null`), 0)
  })

  test('who may not manage the project neither sees nor begins it; an archived project is left alone', async () => {
    const { id } = await plant()
    assert.equal(await beginUndo(app.ctx.db, actorOf(john), id), undefined)
    assert.equal(await planUndo(app.ctx.db, actorOf(john), id), undefined)
    assert.deepEqual(await listLeft(app.ctx.db, actorOf(john), id, { afterId: 0, limit: 10 }), [])
    const { body: project } = await app.send('POST', '/api/v1/projects', { as: admin, body: { name: 'Old ones' } })
    const there = await load(HEADER, [['One', '', '', '']], { projectId: project.id })
    await app.ctx.db.query({ text: `update projects set archived_at = now() where id = ${project.id}` })
    assert.equal(await begin(there), undefined)
  })
})
