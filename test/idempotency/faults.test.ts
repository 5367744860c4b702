import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { CleanupStack, type Person, startApp, type TestApp } from '../support/app.ts'
import { checksum, openTransaction } from '../support/database.ts'
import { assertProblem } from '../support/problem.ts'

describe('a request with a key that fails on the way', () => {
  const cleanup = new CleanupStack()
  let app: TestApp
  let admin: Person
  let attempts = 0

  before(async () => {
    app = await startApp(cleanup)
    admin = await app.person('ada', 'admin')
    // Fails the first time, and counts: a sequence is not rolled back.
    await sql(`create sequence attempts;
      create function fail_once() returns trigger language plpgsql as $$
      begin
        if nextval('attempts') = 1 then raise exception 'once' using errcode = tg_argv[0]; end if;
        return null;
      end $$`)
  })
  beforeEach(() => sql(`alter sequence attempts restart`))
  after(() => cleanup.run())

  const sql = (text: string) => app.ctx.db.query({ text })
  const post = (url: string, body?: object, key = `key-${++attempts}`) =>
    app.send('POST', url, { as: admin, body, headers: { 'idempotency-key': key } })
  const counts = async (title: string, key: string) => {
    const text = `select (select count(*) from tasks where title = $1) as tasks,
                         (select count(*) from idempotency_keys where key = $2) as keys`
    return (await app.ctx.db.query<{ tasks: number; keys: number }>({ text, values: [title, key] })).rows[0]
  }

  test('a connection cut after the effect and before the commit leaves neither; sent again it happens once', async (t) => {
    const before = await checksum(app)
    const tx = await openTransaction(t, app.databaseUrl)
    // Reading goes on, keeping waits: the task is inserted by then.
    await tx.query({ text: 'lock table idempotency_keys in share mode' })
    const first = post('/api/v1/tasks', { title: 'Cut off' }, 'cut')
    await tx.someoneWaits()
    await tx.query({
      text: `select pg_terminate_backend(pid) from pg_stat_activity
              where datname = current_database() and wait_event_type = 'Lock'`,
    })
    const refused = await first
    assertProblem(refused, 503)
    assert.ok(refused.headers['retry-after'])
    await tx.commit()
    assert.deepEqual(await counts('Cut off', 'cut'), { tasks: 0, keys: 0 })
    assert.equal(await checksum(app), before)
    const again = await post('/api/v1/tasks', { title: 'Cut off' }, 'cut')
    assert.deepEqual([again.status, again.headers['idempotent-replayed']], [201, undefined])
    assert.deepEqual(await counts('Cut off', 'cut'), { tasks: 1, keys: 1 })
  })

  test('a commit that fails leaves neither effect nor key; sent again it happens once', async () => {
    await sql(`create constraint trigger fail_once after insert on tasks deferrable initially deferred
                 for each row execute function fail_once('53100')`)
    assertProblem(await post('/api/v1/tasks', { title: 'No room' }, 'no-room'), 503)
    assert.deepEqual(await counts('No room', 'no-room'), { tasks: 0, keys: 0 })
    assert.equal((await post('/api/v1/tasks', { title: 'No room' }, 'no-room')).status, 201)
    await sql('drop trigger fail_once on tasks')
    assert.deepEqual(await counts('No room', 'no-room'), { tasks: 1, keys: 1 })
  })

  for (const [what, state] of [
    ['a serialization failure', '40001'],
    ['a deadlock', '40P01'],
  ]) {
    for (const table of ['tasks', 'idempotency_keys']) {
      test(`${what} while writing ${table} runs the whole again, and it happens once`, async () => {
        await sql(`create trigger fail_once after insert on ${table}
                     for each statement execute function fail_once('${state}')`)
        const title = `${state} ${table}`
        const answer = await post('/api/v1/tasks', { title }, title.replace(' ', '-'))
        await sql(`drop trigger fail_once on ${table}`)
        assert.equal(answer.status, 201, answer.text)
        assert.deepEqual(await counts(title, title.replace(' ', '-')), { tasks: 1, keys: 1 })
        assert.deepEqual((await sql('select last_value as n from attempts')).rows, [{ n: 2 }])
      })
    }
  }

  test('a deadlock in a part of the work runs the whole again, not that part', async () => {
    const user = await app.person('dan')
    await sql(`create trigger fail_once after update on users for each statement execute function fail_once('40P01')`)
    const answer = await post(`/api/v1/users/${user.id}/disable`)
    await sql('drop trigger fail_once on users')
    assert.deepEqual([answer.status, answer.body.disabled], [200, true])
    assert.deepEqual((await sql('select last_value as n from attempts')).rows, [{ n: 2 }])
  })

  test('a deadlock that the work has caught still runs the whole again', async () => {
    let runs = 0
    await app.ctx.db.transaction(async (tx) => {
      runs++
      const part = tx.transaction((inner) =>
        inner.query({ text: `do $$ begin if nextval('attempts') = 1 then raise sqlstate '40P01'; end if; end $$` }),
      )
      await part.catch(() => {})
    })
    assert.equal(runs, 2)
  })

  test('a failed transaction is never taken for a committed one', async () => {
    const work = app.ctx.db.transaction(async (tx) => {
      await tx.query({ text: `insert into projects (name) values ('Lost')` })
      await tx.query({ text: 'select 1 / 0' }).catch(() => {})
    })
    await assert.rejects(work)
    assert.equal((await sql(`select from projects where name = 'Lost'`)).rowCount, 0)
  })

  test('a part of a transaction that fails is undone alone', async () => {
    await app.ctx.db.transaction(async (tx) => {
      await tx.query({ text: `insert into projects (name) values ('Kept')` })
      const part = tx.transaction(async (inner) => {
        await inner.query({ text: `insert into projects (name) values ('Undone')` })
        throw new Error('no')
      })
      await assert.rejects(part, /no/)
    })
    const { rows } = await sql(`select name from projects where name in ('Kept', 'Undone')`)
    assert.deepEqual(rows, [{ name: 'Kept' }])
  })
})
