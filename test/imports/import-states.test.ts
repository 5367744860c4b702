import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { interruptedJob } from '../../src/imports/jobs.ts'
import { takeLease } from '../../src/imports/lease-queries.ts'
import { mergeStretch } from '../../src/imports/merge-queries.ts'
import { findSameFile, lockReceiving } from '../../src/imports/receiving-queries.ts'
import { cancelImport, commitImport } from '../../src/imports/state-queries.ts'
import { CleanupStack, type Person, type TestApp } from '../support/app.ts'
import { openTransaction } from '../support/database.ts'
import {
  abortAfter,
  actorOf,
  assertExact,
  count,
  fresh,
  imported,
  importRow,
  lockWaits,
  many,
  outcome,
  run,
  type Staged,
  stage,
  startTeam,
  stopped,
  taskByKey,
} from './staged.ts'

const never = new AbortController().signal

describe('an import from its staging to its end', () => {
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
  /** An import of four rows, the first of which has been merged. */
  const stoppedHalfway = async () => {
    const rows = many(4, (i) => [`Task ${i}`])
    const id = await stage(app, admin, 'title', rows)
    await stopped(run(app, id, 2, abortAfter(1)))
    return id
  }

  test('cancelled between two stretches it keeps what it counted and goes no further', async () => {
    const k = fresh()
    const id = await stage(
      app,
      admin,
      'title,external_id',
      many(30, (i) => [`Task ${i}`, `${k}${i}`]),
    )
    await stopped(run(app, id, 10, abortAfter(2)))
    await cancelImport(app.ctx.db, asAdmin(), id)
    await run(app, id, 10)
    const [state, created] = await outcome(app, id)
    assert.equal(state, 'cancelled')
    assert.equal(await count(app, `tasks where import_id = ${id}`), created)
    assert.ok(Number(created) > 0 && Number(created) < 30, `${created} were created`)
  })

  test('cancelled in the middle of a stretch, that stretch does not happen, and nobody waits', async (t) => {
    const k = fresh()
    await load('title,external_id', [['Old', `${k}1`]])
    const id = await stage(app, admin, 'title,external_id', [...many(5, (i) => [`New ${i}`, '']), ['New', `${k}1`]])
    const { id: taskId } = await task(`${k}1`)
    const other = await openTransaction(t, app.databaseUrl)
    await other.query({ text: `select from tasks where id = ${taskId} for update` })
    const merging = run(app, id)
    await other.someoneWaits()
    assert.equal((await cancelImport(app.ctx.db, asAdmin(), id))?.state, 'cancelled')
    // The table is still in use: dropped a minute later.
    await other.commit()
    await merging
    assert.deepEqual(await outcome(app, id), ['cancelled', 0, 0, 0, 0])
    assert.equal((await task(`${k}1`)).title, 'Old')
    assert.equal(await count(app, `tasks where import_id = ${id}`), 0)
    assert.equal(await count(app, `pg_tables where tablename = 'import_${id}'`), 1)
    await interruptedJob.run(app.ctx, {}, never)
    assert.equal(await count(app, `pg_tables where tablename = 'import_${id}'`), 0)
  })

  test('a worker that was thought dead writes nothing, and its job ends quietly', async (t) => {
    const k = fresh()
    await load('title,external_id', [['Old', `${k}1`]])
    const id = await stage(app, admin, 'title,external_id', [
      ['New', `${k}1`],
      ['Other', ''],
    ])
    const { id: taskId } = await task(`${k}1`)
    const other = await openTransaction(t, app.databaseUrl)
    await other.query({ text: `select from tasks where id = ${taskId} for update` })
    const first = run(app, id)
    await lockWaits(app, 1)
    const second = run(app, id)
    await lockWaits(app, 2)
    await other.commit()
    await Promise.all([first, second])
    assert.deepEqual(await outcome(app, id), ['done', 1, 1, 0, 0])
    assert.equal((await task(`${k}1`)).version, 2)
    await assertExact(app, id, 1)
  })

  test('the same stretch a second time is refused by its position', async () => {
    const id = await stoppedHalfway()
    const row = await takeLease(app.ctx.db, id, ['merging'])
    assert.ok(row)
    assert.equal(row.merged_line, 2)
    const stretch = () => app.ctx.db.bulkTransaction((tx) => mergeStretch(tx, row, 4, 'UTC'))
    await stretch()
    await assert.rejects(stretch(), /no more/)
    await run(app, id)
    await assertExact(app, id, 4)
  })

  test('data the database refuses ends the import as failed, with what was merged before counted', async () => {
    const id = await stoppedHalfway()
    await app.ctx.db.query({ text: `update import_staging.import_${id} set c1 = repeat('x', 300) where line = 4` })
    await run(app, id, 2)
    const { state, failure_code, created } = await importRow(app, id)
    assert.deepEqual([state, failure_code, created], ['failed', 'IMPORT_FAILED', 1])
    assert.equal(await count(app, `tasks where import_id = ${id}`), 1)
  })

  describe('who may', () => {
    test('administrators, and maintainers of the project', async () => {
      const { body: project } = await app.send('POST', '/api/v1/projects', { as: admin, body: { name: 'Theirs' } })
      const mary = await app.person('mary')
      const put = (who: Person, role: string) =>
        app.send('POST', `/api/v1/projects/${project.id}/members`, {
          as: admin,
          body: { username: who.username, role },
        })
      await put(mary, 'maintainer')
      await put(john, 'contributor')
      const ready = () => load('title', [['One']], { projectId: project.id, dryRun: true })
      const id = await ready()
      assert.equal(await commitImport(app.ctx.db, actorOf(john), id), undefined)
      assert.equal(await cancelImport(app.ctx.db, actorOf(john), id), undefined)
      assert.equal((await commitImport(app.ctx.db, actorOf(mary), id))?.state, 'merging')
      assert.equal((await cancelImport(app.ctx.db, actorOf(mary), await ready()))?.state, 'cancelled')
      const mine = await load('title', [['One']], { dryRun: true })
      assert.equal(await cancelImport(app.ctx.db, actorOf(mary), mine), undefined)
    })
  })

  describe('the job of every minute', () => {
    const minutely = () => interruptedJob.run(app.ctx, {}, never)
    const age = (id: number, by: string) =>
      app.ctx.db.query({ text: `update imports set created_at = now() - interval '${by}' where id = ${id}` })

    test('fails an upload whose transaction has ended, and no other', async (t) => {
      const receiving = async () => {
        const id = await stage(app, admin, 'title', [])
        await app.ctx.db.query({ text: `update imports set state = 'receiving' where id = ${id}` })
        await age(id, '1 minute')
        return id
      }
      const [alive, dead] = [await receiving(), await receiving()]
      const upload = await openTransaction(t, app.databaseUrl)
      await lockReceiving({ query: (statement) => upload.query(statement) as never }, alive)
      await minutely()
      assert.equal((await importRow(app, alive)).state, 'receiving')
      assert.equal((await importRow(app, dead)).failure_code, 'UPLOAD_INTERRUPTED')
      assert.equal((await cancelImport(app.ctx.db, asAdmin(), alive))?.state, 'cancelled')
    })

    test('cancels a dry run of yesterday', async () => {
      const [old, young] = [
        await load('title', [['One']], { dryRun: true }),
        await load('title', [['One']], { dryRun: true }),
      ]
      await age(old, '25 hours')
      await age(young, '23 hours')
      await minutely()
      assert.deepEqual(await outcome(app, old), ['cancelled', 0, 0, 0, 0])
      assert.deepEqual(await outcome(app, young), ['ready', 1, 0, 0, 0])
      assert.equal(await count(app, `pg_tables where tablename = 'import_${old}'`), 0)
      assert.equal(await count(app, `pg_tables where tablename = 'import_${young}'`), 1)
    })
  })

  test('the same file is found once it counts', async () => {
    const header = 'title,same='
    const hash = Buffer.from(header)
    const projectId = (await importRow(app, await load('title', [['x']]))).project_id
    const same = () => app.ctx.db.transaction((tx) => findSameFile(tx, projectId, hash))
    const dry = await load(header, [['One', '']], { dryRun: true })
    assert.equal(await same(), undefined)
    await commitImport(app.ctx.db, asAdmin(), dry)
    assert.equal(await same(), dry)
    await cancelImport(app.ctx.db, asAdmin(), dry)
    assert.equal(await same(), undefined)
    const done = await load(header, [['One', '']])
    assert.equal(await same(), done)
    assert.equal(await app.ctx.db.transaction((tx) => findSameFile(tx, projectId + 1, hash)), undefined)
  })
})
