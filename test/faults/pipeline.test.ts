import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sqlState } from '../../src/platform/sql-state.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { until } from '../support/process.ts'

/** Short statements share a few connections: what one of them suffers must not become the others' trouble. */

const SHARED = 2

const quick = (text: string) => ({ text, quick: true })

/** Opened in the background by the first quick statement. */
async function openShared({ ctx }: TestApp): Promise<void> {
  await ctx.db.query(quick('select 1'))
  await until(async () => ctx.db.sharedConnections === SHARED, 5_000)
}

/** A statement on each of the shared connections, seen to have begun. */
async function occupyShared(app: TestApp, seconds: number): Promise<Promise<unknown>[]> {
  const { ctx } = app
  await openShared(app)
  const text = `select pg_sleep(${seconds}) as slept`
  const sleeping = Array.from({ length: SHARED }, () => ctx.db.query(quick(text)))
  for (const one of sleeping) one.catch(() => {})
  const asleep = `select from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`
  await until(async () => (await ctx.db.query({ text: asleep })).rowCount === SHARED, 5_000)
  return sleeping
}

test('reads go past statements that take their time', async (t) => {
  const app = await startApp(t, { env: { DATABASE_POOL_SIZE: '4' } })
  const anna = await app.person('anna')
  const task = await app.send('POST', '/api/v1/tasks', { as: anna, body: { title: 'Read me' } })
  const sleeping = await occupyShared(app, 2)
  await new Promise((resolve) => setTimeout(resolve, 100))
  const began = performance.now()
  const reads = Array.from({ length: 20 }, () => app.send('GET', `/api/v1/tasks/${task.body.id}`, { as: anna }))
  for (const { status } of await Promise.all(reads)) assert.equal(status, 200)
  assert.ok(performance.now() - began < 1_000, `20 reads took ${performance.now() - began} ms`)
  await Promise.all(sleeping)
})

test('a connection that is lost costs no read', async (t) => {
  const app = await startApp(t)
  const sleeping = await occupyShared(app, 0.4)
  const text = `select pg_terminate_backend(pid) from pg_stat_activity
                 where datname = current_database() and wait_event = 'PgSleep'`
  assert.equal((await app.ctx.db.query({ text })).rowCount, SHARED)
  await Promise.all(sleeping)
  const { rows } = await app.ctx.db.query(quick('select 1 as one'))
  assert.deepEqual(rows, [{ one: 1 }])
})

test('a statement that runs into its time limit fails alone', async (t) => {
  const app = await startApp(t, { env: { STATEMENT_TIMEOUT_MS: '300' } })
  await openShared(app)
  const slow = Array.from({ length: SHARED }, () => app.ctx.db.query(quick('select pg_sleep(5)')))
  const behind = Array.from({ length: 10 }, (_, i) => app.ctx.db.query(quick(`select ${i} as n`)))
  for (const failure of await Promise.allSettled(slow)) {
    assert.equal(failure.status === 'rejected' && sqlState(failure.reason), '57014')
  }
  const answers = await Promise.all(behind)
  assert.deepEqual(
    answers.map(({ rows }) => rows[0]?.n),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  )
})

test('answers belong to their statements, also of prepared ones that fail', async (t) => {
  const app = await startApp(t)
  await openShared(app)
  const divide = (by: number) =>
    app.ctx.db.query<{ n: number }>({
      name: 'test/divide',
      text: 'select 100 / $1::int as n',
      values: [by],
      quick: true,
    })
  const answers = await Promise.allSettled(Array.from({ length: 200 }, (_, i) => divide(i % 5)))
  for (const [i, answer] of answers.entries()) {
    if (i % 5 === 0) assert.equal(answer.status === 'rejected' && sqlState(answer.reason), '22012')
    else assert.equal(answer.status === 'fulfilled' && answer.value.rows[0]?.n, Math.trunc(100 / (i % 5)))
  }
})

test('a statement with a name is prepared, once, on each shared connection', async (t) => {
  const app = await startApp(t)
  await openShared(app)
  const prepared = () =>
    app.ctx.db.query<{ pid: number; n: number }>({
      name: 'test/prepared',
      text: `select pg_backend_pid() as pid, count(*)::int as n from pg_prepared_statements where name = 'test/prepared'`,
      quick: true,
    })
  for (const { rows } of await Promise.all(Array.from({ length: 20 }, prepared))) assert.equal(rows[0]?.n, 1)
})

test('more than the shared connections take at a time waits for the pool', async (t) => {
  const app = await startApp(t, { env: { DATABASE_POOL_SIZE: '3' } })
  await openShared(app)
  const { pool } = app.ctx.db
  assert.equal(pool.totalCount, 1)
  await Promise.all(Array.from({ length: 300 }, () => app.ctx.db.query(quick('select pg_sleep(0.001)'))))
  assert.equal(pool.totalCount, 3)
})
