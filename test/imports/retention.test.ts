import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { importDetailsJob } from '../../src/imports/jobs.ts'
import { DETAILS, giveUpDetails } from '../../src/imports/retention-queries.ts'
import { CleanupStack, type Person, startApp, type TestApp } from '../support/app.ts'
import { assertProblem } from '../support/problem.ts'
import { count, imported, importRow, outcome, undo } from './staged.ts'

const HEADER = 'title,external_id'
const DAYS = 90

describe('what imports did row by row', () => {
  const cleanup = new CleanupStack()
  let app: TestApp
  let admin: Person
  let key = 0
  before(async () => {
    app = await startApp(cleanup)
    admin = await app.person('ada', 'admin')
  })
  after(() => cleanup.run())

  /** One row created, one updated, one rejected; it ended so many days ago. */
  async function plant(daysAgo: number): Promise<number> {
    const external = `K${++key}`
    await imported(app, admin, HEADER, [['Before', external]])
    const id = await imported(app, admin, HEADER, [
      ['New', `${external}-new`],
      ['Other', external],
      ['', `${external}-bad`],
    ])
    assert.deepEqual(await outcome(app, id), ['done', 1, 1, 0, 1])
    await age(id, daysAgo)
    return id
  }
  const age = (id: number, days: number) =>
    app.ctx.db.query({
      text: `update imports set created_at = now() - make_interval(days => $2),
                    finished_at = now() - make_interval(days => $2), undone_at = undone_at - make_interval(days => $2)
              where id = $1`,
      values: [id, days],
    })
  const nightly = (ctx = app.ctx) => importDetailsJob.run(ctx, {}, new AbortController().signal)
  const kept = (id: number) => Promise.all(DETAILS.map((table) => count(app, `${table} where import_id = ${id}`)))
  const ask = (method: 'GET' | 'POST', path: string) => app.send(method, `/api/v1/imports/${path}`, { as: admin })

  test('are removed some time after they ended; then they say so, and keep their counts', async () => {
    const [old, recent] = [await plant(DAYS + 1), await plant(DAYS - 1)]
    await nightly()
    assert.deepEqual(await kept(old), [0, 0, 0, 0])
    assert.deepEqual(await kept(recent), [1, 1, 1, 0])
    const removedAt = (await importRow(app, old)).details_removed_at?.toISOString()
    await nightly()
    assert.equal((await importRow(app, old)).details_removed_at?.toISOString(), removedAt, 'and not again each night')
    for (const [method, path] of [
      ['POST', 'undo?dry_run=true'],
      ['GET', 'undo'],
      ['GET', 'errors'],
      ['GET', 'rejected.csv'],
      ['POST', 'undo'],
    ] as const) {
      const refused = await ask(method, `${old}/${path}`)
      assertProblem(refused, 410, 'IMPORT_DETAILS_REMOVED', path)
      assert.equal(refused.body.removed_at, removedAt)
      const { status, text } = await ask(method, `${recent}/${path}`)
      assert.ok(status < 300, text)
    }
    const { body } = await ask('GET', `${old}`)
    assert.deepEqual([body.state, body.created, body.updated, body.rejected], ['done', 1, 1, 1])
    assert.equal(body.details_removed_at, removedAt)
    assert.equal((await ask('GET', `${recent}`)).body.details_removed_at, null)
    assert.equal(await count(app, `tasks where import_id = ${old} and deleted_at is null`), 1)
  })

  test('are kept while an import is under way, and for as long again once it is undone', async () => {
    const id = await plant(DAYS + 1)
    await ask('POST', `${id}/undo`)
    await nightly()
    assert.deepEqual(await kept(id), [1, 1, 1, 0])
    await undo(app, id)
    await nightly()
    assert.deepEqual(await kept(id), [1, 1, 1, 0])
    assert.equal((await importRow(app, id)).state, 'undone')
    await age(id, DAYS + 1)
    await nightly()
    assert.deepEqual(await kept(id), [0, 0, 0, 0])
  })

  test('are removed by the next worker when one was killed on the way', async () => {
    const id = await plant(DAYS + 1)
    await giveUpDetails(app.ctx.db, DAYS)
    assertProblem(await ask('POST', `${id}/undo`), 410, 'IMPORT_DETAILS_REMOVED')
    assert.deepEqual(await kept(id), [1, 1, 1, 0])
    await nightly()
    assert.deepEqual(await kept(id), [0, 0, 0, 0])
  })

  test('stay for ever with IMPORT_DETAILS_DAYS=0', async (t) => {
    const id = await plant(36_000)
    const keeping = await startApp(t, { databaseUrl: app.databaseUrl, env: { IMPORT_DETAILS_DAYS: '0' } })
    await nightly(keeping.ctx)
    assert.deepEqual(await kept(id), [1, 1, 1, 0])
  })
})
