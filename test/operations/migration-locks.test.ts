import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { whenFree } from '../../src/platform/migrate-queries.ts'
import { startApp } from '../support/app.ts'
import { until } from '../support/process.ts'

test('a migration that waits for a table lets those that come later go on', async (t) => {
  const { ctx, databaseUrl } = await startApp(t)
  const exporting = new pg.Client({ connectionString: databaseUrl })
  await exporting.connect()
  await exporting.query('begin; select count(*) from tasks')

  const text = 'alter table tasks add column wanted int'
  let refused = 0
  const migration = ctx.db.session((session) =>
    whenFree(session, async () => {
      await session.query({ text }).catch((error) => {
        refused++
        throw error
      })
    }),
  )
  // Each would wait behind it, and fail with SQLSTATE 55P03 or 57014.
  const reading = async () => void (await ctx.db.query({ text: 'select from tasks limit 1' }))
  await until(
    async () => {
      await reading()
      return refused >= 2
    },
    20_000,
    () => 'the migration to give up twice',
  )
  await exporting.query('commit')
  await exporting.end()
  await migration
  const { rows } = await ctx.db.query<{ wanted: null }>({
    text: `select count(wanted)::int as wanted from tasks`,
  })
  assert.deepEqual(rows, [{ wanted: 0 }])
})
