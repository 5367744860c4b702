import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CleanupStack, type Person, startApp, type TestApp } from '../support/app.ts'

/** Foreign keys in all but name: checked once a statement, and kept from the other side by refusing to delete. */
describe('what tasks refer to', () => {
  const cleanup = new CleanupStack()
  let app: TestApp
  let anna: Person
  let taskId: number

  before(async () => {
    app = await startApp(cleanup)
    anna = await app.person('anna')
    taskId = (await app.send('POST', '/api/v1/tasks', { as: anna, body: { title: 'Water the plants' } })).body.id
  })
  after(() => cleanup.run())

  const insert = (column: string, value: string) => {
    const values = {
      project_id: '1',
      created_by: String(anna.id),
      assigned_user_id: 'null',
      import_id: 'null',
    }
    const { project_id, created_by, assigned_user_id, import_id }: Record<string, string> = {
      ...values,
      [column]: value,
    }
    return app.ctx.db.query({
      text: `insert into tasks (project_id, title, status, priority, created_by, assigned_user_id, import_id, created_at,
                                updated_at, valid_from, changed_by)
             select ${project_id}, 'x', 'pending', 'LOW', ${created_by}, ${assigned_user_id}, ${import_id}, now(), now(), now(), 1`,
    })
  }

  for (const column of ['project_id', 'created_by', 'assigned_user_id', 'import_id']) {
    test(`${column} of a new task must be there`, async () => {
      await assert.rejects(insert(column, '999999'), { code: '23503', message: /999999, which is not there/ })
    })

    test(`${column} of a changed task must be there`, async () => {
      const text = `update tasks set ${column} = 999999, version = version + 1, updated_at = clock_timestamp(),
                           valid_from = clock_timestamp() where id = ${taskId}`
      await assert.rejects(app.ctx.db.query({ text }), /refer to what is there/)
    })
  }

  test('a task that refers to what is there goes in', async () => {
    assert.equal((await insert('assigned_user_id', String(anna.id))).rowCount, 1)
  })

  test('users, projects and imports with a file are not deleted', async () => {
    await app.ctx.db.query({
      text: `insert into imports (project_id, created_by, state) values (1, ${anna.id}, 'failed')`,
    })
    for (const table of ['users', 'projects', 'imports']) {
      await assert.rejects(app.ctx.db.query({ text: `delete from ${table}` }), { code: '23503' }, table)
    }
  })
})
