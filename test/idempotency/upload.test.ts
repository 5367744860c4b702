import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CleanupStack, multipart, type Person, startApp, type TestApp } from '../support/app.ts'
import { openTransaction } from '../support/database.ts'
import { assertProblem } from '../support/problem.ts'

const FILE = 'task_name,priority\nWater the plants,HIGH\nFeed the cat,NONSENSE\n'

describe('a key on an upload', () => {
  const cleanup = new CleanupStack()
  let app: TestApp
  let admin: Person

  before(async () => {
    app = await startApp(cleanup, { worker: true })
    admin = await app.person('ada', 'admin')
  })
  after(() => cleanup.run())

  const upload = (key: string, content = FILE, { on = app, as = admin, name = 'tasks.csv' } = {}) => {
    const { headers, payload } = multipart(content, name)
    return on.send('POST', '/upload-csv', { as, payload, headers: { ...headers, 'idempotency-key': key } })
  }
  const state = async () => {
    const text = `select (select count(*) from imports) as imports, (select count(*) from tasks) as tasks,
                         (select count(*) from pg_tables where schemaname = 'import_staging') as staged`
    return (await app.ctx.db.query<{ imports: number; tasks: number; staged: number }>({ text })).rows[0]
  }

  test('the same file again is not imported again, and gets the answer of the first', async () => {
    const first = await upload('same')
    assert.deepEqual([first.status, first.body.created, first.body.rejected], [201, 1, 1], first.text)
    const before = await state()
    // Its boundary and its name differ: what counts is the file.
    const again = await upload('same', FILE, { name: 'renamed.csv' })
    assert.deepEqual([again.status, again.text], [201, first.text])
    assert.deepEqual(
      [again.headers.location, again.headers['content-type']],
      [first.headers.location, first.headers['content-type']],
    )
    assert.equal(again.headers['idempotent-replayed'], 'true')
    assert.deepEqual(await state(), before)
  })

  test('another file with the key is 422, and nothing of it is left', async () => {
    assert.equal((await upload('other')).status, 201)
    const before = await state()
    assertProblem(await upload('other', `${FILE}One more,LOW\n`), 422, 'IDEMPOTENCY_KEY_REUSED')
    assert.deepEqual(await state(), before)
  })

  test('without a key the same file is imported twice, and another administrator has other keys', async () => {
    const bob = await app.person('bob', 'admin')
    const before = await state()
    await upload('theirs')
    assert.equal((await upload('theirs', FILE, { as: bob })).headers['idempotent-replayed'], undefined)
    assert.equal((await state())?.imports, (before?.imports ?? 0) + 2)
  })

  test('a file that is refused keeps nothing: the key is free for the corrected one', async () => {
    const before = await state()
    assertProblem(await upload('corrected', 'colour\nred\n'), 422, 'INVALID_CSV_HEADER')
    assert.deepEqual(await state(), before)
    assert.equal((await upload('corrected')).status, 201)
  })

  test('of two at once one is 409, before its file is read', async (t) => {
    const tx = await openTransaction(t, app.databaseUrl)
    await tx.query({ text: 'lock table imports in share row exclusive mode' })
    const first = upload('at-once')
    await tx.someoneWaits()
    const second = await upload('at-once')
    assertProblem(second, 409, 'IDEMPOTENCY_KEY_IN_USE')
    assert.equal(second.headers['retry-after'], '1')
    await tx.commit()
    assert.equal((await first).status, 201)
    assert.equal((await upload('at-once')).text, (await first).text)
  })

  test('a connection cut before the commit leaves neither import nor key; sent again it happens once', async (t) => {
    const before = await state()
    const tx = await openTransaction(t, app.databaseUrl)
    await tx.query({ text: 'lock table idempotency_keys in share mode' })
    const first = upload('cut')
    await tx.someoneWaits()
    await tx.query({
      text: `select pg_terminate_backend(pid) from pg_stat_activity
              where datname = current_database() and wait_event_type = 'Lock'`,
    })
    assertProblem(await first, 503)
    await tx.commit()
    assert.deepEqual(await state(), before)
    const again = await upload('cut')
    assert.deepEqual([again.status, again.headers['idempotent-replayed']], [201, undefined])
    assert.equal((await state())?.imports, (before?.imports ?? 0) + 1)
  })

  test('a commit that fails leaves neither import nor key', async () => {
    const before = await state()
    await app.ctx.db.query({
      text: `create function refuse() returns trigger language plpgsql as $$
             begin raise exception 'no room' using errcode = '53100'; end $$;
             create constraint trigger refuse after update on imports deferrable initially deferred
               for each row when (new.state = 'checking') execute function refuse()`,
    })
    assertProblem(await upload('no-room'), 503)
    await app.ctx.db.query({ text: 'drop trigger refuse on imports' })
    assert.deepEqual(await state(), before)
    assert.equal((await upload('no-room')).headers['idempotent-replayed'], undefined)
  })

  test('from the commit on it is answered again, though the first has not been answered yet', async (t) => {
    const waiting = await startApp(t, { env: { UPLOAD_WAIT_SECONDS: '2' } })
    const ida = await waiting.person('ida', 'admin')
    const first = upload('early', FILE, { on: waiting, as: ida })
    const kept = { text: `select from idempotency_keys where key = 'early'` }
    while ((await waiting.ctx.db.query(kept)).rowCount === 0) await new Promise((resolve) => setTimeout(resolve, 10))
    const second = await upload('early', FILE, { on: waiting, as: ida })
    assert.deepEqual([second.status, second.headers['idempotent-replayed']], [202, 'true'], second.text)
    assert.equal(second.body.url, (await first).body.url)
    assert.equal((await waiting.ctx.db.query({ text: 'select from imports' })).rowCount, 1)
  })
})
