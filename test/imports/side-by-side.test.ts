import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CleanupStack, type Person, startApp, type TestApp } from '../support/app.ts'
import { openTransaction } from '../support/database.ts'
import { imported, lockWaits, outcome, run, stage } from './staged.ts'

const ROWS = 600
const STRETCH = 40

/** Two stretches of one import are written at the same time; a stretch that waited for one after it would wait for ever. */
describe('stretches that are merged side by side', () => {
  const cleanup = new CleanupStack()
  let app: TestApp
  let admin: Person

  before(async () => {
    app = await startApp(cleanup)
    admin = await app.person('admin', 'admin')
  })
  after(() => cleanup.run())

  const count = async (sql: string) =>
    (await app.ctx.db.query<{ n: number }>({ text: `select (${sql}) as n` })).rows[0]?.n

  for (const [what, header, row] of [
    ['new tasks of the past', 'title,created_at', (i: number) => [`Old ${i}`, '2024-01-02']],
    ['new tasks with keys', 'title,external_id', (i: number) => [`Keyed ${i}`, `K-${(i * 7919) % ROWS}`]],
    [
      'the same keys again, the other way round',
      'title,external_id',
      (i: number) => [`Again ${i}`, `K-${ROWS - 1 - i}`],
    ],
  ] as const) {
    test(`${what}: each once, none waits for one after it`, { timeout: 30_000 }, async () => {
      const rows = Array.from({ length: ROWS }, (_, i) => row(i))
      const id = await stage(app, admin, header, rows)
      const before = await count('select epoch from past_epoch')
      await run(app, id, STRETCH)
      const [state, created, updated, , rejected] = await outcome(app, id)
      assert.deepEqual([state, (created as number) + (updated as number), rejected], ['done', ROWS, 0])
      assert.equal(await count(`select count(*) from tasks where import_id = ${id}`), created)
      assert.ok(
        created === 0 || (await count('select epoch from past_epoch')) !== before,
        'what was known of the past is known no more',
      )
    })
  }

  test('somebody between two stretches, who holds what one waits for and waits for the other, does not stop them for ever', {
    timeout: 30_000,
  }, async (t) => {
    const header = 'title,external_id'
    const keys = ['between-1', 'between-2']
    const rows = (title: string) => keys.map((key) => [title, key])
    await imported(app, admin, header, rows('Old'))
    const id = await stage(app, admin, header, rows('New'))
    const lock = (key?: string) => ({ text: `select from tasks where external_id = '${key}' for update` })
    const other = await openTransaction(t, app.databaseUrl)
    await other.query(lock(keys[0]))
    const merging = run(app, id, 1)
    await lockWaits(app, 2)
    const ended = await other.query(lock(keys[1])).then(
      () => 'waited',
      (error) => error.code,
    )
    assert.match(ended, /^(waited|40P01)$/)
    await other.commit()
    await merging
    assert.deepEqual(await outcome(app, id), ['done', 0, 2, 0, 0])
  })

  test('a stretch that fails takes those after it with it, and the next run goes on from there', {
    timeout: 30_000,
  }, async () => {
    const rows = Array.from({ length: ROWS }, (_, i) => [`Fails ${i}`])
    const id = await stage(app, admin, 'title', rows)
    await app.ctx.db.query({
      text: `create function fail_once() returns trigger language plpgsql as $$ begin
               if exists (select from new_rows where title = 'Fails ${STRETCH * 3 + 1}') then
                 raise exception 'not now' using errcode = 'admin_shutdown';
               end if; return null; end $$;
             create trigger zz_fail after insert on tasks referencing new table as new_rows for each statement execute function fail_once()`,
    })
    await assert.rejects(run(app, id, STRETCH), /not now/)
    // The header is line 1.
    assert.deepEqual(await outcome(app, id), ['merging', STRETCH * 3 - 1, 0, 0, 0])
    await app.ctx.db.query({ text: 'drop trigger zz_fail on tasks; drop function fail_once()' })
    await run(app, id, STRETCH)
    assert.deepEqual(await outcome(app, id), ['done', ROWS, 0, 0, 0])
    assert.equal(await count(`select count(distinct title) from tasks where import_id = ${id}`), ROWS)
  })
})
