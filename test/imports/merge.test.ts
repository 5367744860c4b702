import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { commitImport } from '../../src/imports/state-queries.ts'
import { CleanupStack, type Person, type TestApp } from '../support/app.ts'
import { openTransaction } from '../support/database.ts'
import {
  actorOf,
  assertExact,
  count,
  fresh,
  imported,
  importRow,
  livingTasks,
  many,
  outcome,
  run,
  type Staged,
  stage,
  startTeam,
  taskByKey,
} from './staged.ts'

describe('merging an import', () => {
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
  const task = (externalId: string) => taskByKey(app, externalId)
  const patch = (id: number, body: object) => app.send('PATCH', `/api/v1/tasks/${id}`, { as: admin, body })

  test('a row without a key is always a new task, whatever the order of the lines and the size of the stretches', async () => {
    for (const stretch of [1, 7, 100]) {
      const id = await stage(
        app,
        admin,
        'title',
        many(50, (i) => [`Task ${i}`]),
      )
      const table = `import_staging.import_${id}`
      await app.ctx.db.query({ text: `create table shuffled as select * from ${table} order by md5(c1)` })
      await app.ctx.db.query({ text: `drop table ${table}` })
      await app.ctx.db.query({ text: `alter table shuffled set schema import_staging` })
      await app.ctx.db.query({ text: `alter table import_staging.shuffled rename to import_${id}` })
      await run(app, id, stretch)
      await assertExact(app, id, 50)
    }
  })

  test('a row with a key updates the living task that has it, and only what the file has', async () => {
    const k = fresh()
    const first = await load('title,description,labels,due_date,assigned_user,external_id,status,priority,created_at', [
      ['One', 'text', 'b,a', '2030-01-01', 'john_doe', `${k}1`, 'active', 'HIGH', '2025-01-01'],
    ])
    const before = await task(`${k}1`)
    const second = await load('title,status,external_id,created_at', [['Uno', 'completed', `${k}1`, '2024-01-01']])
    const now = await task(`${k}1`)
    assert.deepEqual(await outcome(app, second), ['done', 0, 1, 0, 0])
    const { updated_at, valid_from } = now
    assert.deepEqual(now, { ...before, title: 'Uno', status: 'completed', version: 2, updated_at, valid_from })
    assert.deepEqual([now.import_id, now.cause, now.changed_by], [first, 'import', admin.id])
    const { rows: noted } = await app.ctx.db.query({ text: `select * from import_updates where import_id = ${second}` })
    assert.deepEqual(noted, [{ import_id: second, task_id: now.id, version: 2 }])
    const { body } = await app.send('GET', `/api/v1/tasks/${now.id}/history`, { as: admin })
    assert.deepEqual(body.items.map((v: { version: number }) => v.version).sort(), [1, 2])
  })

  test('an empty cell empties what can be empty, and leaves status and priority', async () => {
    const k = fresh()
    const header = 'title,description,labels,due_date,assigned_user,status,priority,external_id'
    await load(header, [['One', 'text', 'a', '2030-01-01', 'john_doe', 'active', 'HIGH', `${k}1`]])
    const id = await load(header, [['One', '', '', '', '', '', '', `${k}1`]])
    assert.deepEqual(await outcome(app, id), ['done', 0, 1, 0, 0])
    const { description, labels, due_date, assigned_user_id, status, priority } = await task(`${k}1`)
    assert.deepEqual([description, labels, due_date, assigned_user_id], ['', [], null, null])
    assert.deepEqual([status, priority], ['active', 'HIGH'])
  })

  test('what does not differ makes no version', async () => {
    const k = fresh()
    const header = 'title,labels,due_date,assigned_user,status,external_id'
    const row = ['One', 'b,a', '2030-01-01', 'john_doe', 'TRUE', `${k}1`]
    await load(header, [row])
    for (const again of [row, ['One', ' a ,b,,a', '2030-01-01', 'JOHN_DOE', 'active', `${k}1`]]) {
      assert.deepEqual(await outcome(app, await load(header, [again])), ['done', 0, 0, 1, 0])
    }
    assert.equal((await task(`${k}1`)).version, 1)
    assert.equal(await count(app, `task_versions where external_id = '${k}1'`), 0)
  })

  test('keys of other projects and of the trash are others', async () => {
    const k = fresh()
    const header = 'title,external_id'
    await load(header, [['One', `${k}1`]])
    const { id: old } = await task(`${k}1`)
    await app.send('DELETE', `/api/v1/tasks/${old}`, { as: admin })
    const { body: project } = await app.send('POST', '/api/v1/projects', { as: admin, body: { name: `Other ${k}` } })
    assert.deepEqual(await outcome(app, await load(header, [['Two', `${k}1`]])), ['done', 1, 0, 0, 0])
    const elsewhere = await load(header, [['Three', `${k}1`]], { projectId: project.id })
    assert.deepEqual(await outcome(app, elsewhere), ['done', 1, 0, 0, 0])
    const titles = (await livingTasks(app)).filter((t) => t.external_id === `${k}1`).map((t) => t.title)
    assert.deepEqual(titles, ['Two', 'Three'])
  })

  test('a task changed between check and merge is compared as it is then', async () => {
    const k = fresh()
    const header = 'title,external_id'
    await load(header, [
      ['Old', `${k}1`],
      ['Old', `${k}2`],
      ['Old', `${k}3`],
    ])
    const id = await stage(
      app,
      admin,
      header,
      ['1', '2', '3'].map((n) => ['New', k + n]),
      { dryRun: true },
    )
    await run(app, id)
    assert.deepEqual(await outcome(app, id), ['ready', 0, 3, 0, 0])
    await patch((await task(`${k}1`)).id, { title: 'New' })
    await patch((await task(`${k}2`)).id, { description: 'added', external_id: `${k}moved` })
    assert.equal((await commitImport(app.ctx.db, asAdmin(), id))?.state, 'merging')
    await run(app, id)
    assert.deepEqual(await outcome(app, id), ['done', 1, 1, 1, 0])
    assert.equal((await task(`${k}moved`)).title, 'Old')
    assert.equal(await commitImport(app.ctx.db, asAdmin(), id), undefined)
  })

  test('a change of another field that comes while the row waits is kept', async (t) => {
    const k = fresh()
    await load('title,status,external_id', [['Old', 'active', `${k}1`]])
    const { id: taskId } = await task(`${k}1`)
    const id = await stage(app, admin, 'title,status,external_id', [['New', '', `${k}1`]])
    const other = await openTransaction(t, app.databaseUrl)
    await other.query({
      text: `update tasks set description = 'meanwhile', status = 'completed', version = version + 1,
                    valid_from = clock_timestamp() where id = ${taskId}`,
    })
    const merging = run(app, id)
    await other.someoneWaits()
    await other.commit()
    await merging
    const { title, description, status, version } = await task(`${k}1`)
    assert.deepEqual([title, description, status, version], ['New', 'meanwhile', 'completed', 3])
    assert.deepEqual(await outcome(app, id), ['done', 0, 1, 0, 0])
  })

  test('a key taken while the stretch is merged is updated, and the import does not fail', async (t) => {
    const k = fresh()
    const id = await stage(app, admin, 'title,external_id', [
      ['Ours', `${k}1`],
      ['Another', `${k}2`],
    ])
    const other = await openTransaction(t, app.databaseUrl)
    await other.query({
      text: `insert into tasks (project_id, title, status, priority, created_by, external_id, created_at, updated_at,
                                valid_from, changed_by)
             select id, 'Theirs', 'pending', 'LOW', ${john.id}, '${k}1', now(), now(), now(), ${john.id}
               from projects where is_default`,
    })
    const merging = run(app, id)
    await other.someoneWaits()
    await other.commit()
    await merging
    assert.deepEqual(await outcome(app, id), ['done', 1, 1, 0, 0])
    const { title, created_by, priority, version } = await task(`${k}1`)
    assert.deepEqual([title, created_by, priority, version], ['Ours', john.id, 'LOW', 2])
  })

  test('a task deleted while its row waits is made anew', async (t) => {
    const k = fresh()
    await load('title,external_id', [['Old', `${k}1`]])
    const { id: taskId } = await task(`${k}1`)
    const id = await stage(app, admin, 'title,external_id', [['New', `${k}1`]])
    const other = await openTransaction(t, app.databaseUrl)
    await other.query({
      text: `update tasks set deleted_at = now(), version = version + 1, valid_from = clock_timestamp()
              where id = ${taskId}`,
    })
    const merging = run(app, id)
    await other.someoneWaits()
    await other.commit()
    await merging
    assert.deepEqual(await outcome(app, id), ['done', 1, 0, 0, 0])
    assert.notEqual((await task(`${k}1`)).id, taskId)
  })

  test('two imports of the same keys at once, in opposite orders, both end, and no key is there twice', async () => {
    const k = fresh()
    const rows = many(300, (i) => ['', `${k}${i}`])
    const a = await stage(
      app,
      admin,
      'title,external_id',
      rows.map(([, id]) => ['A', id ?? '']),
    )
    const b = await stage(app, admin, 'title,external_id', rows.map(([, id]) => ['B', id ?? '']).reverse())
    await Promise.all([run(app, a, 100), run(app, b, 100)])
    const [one, two] = [await importRow(app, a), await importRow(app, b)]
    assert.deepEqual([one.state, two.state, one.created + two.created], ['done', 'done', 300])
    assert.equal(await count(app, `tasks where external_id like '${k}%'`), 300)
  })
})
