import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { jobs } from '../../src/jobs.ts'
import { migrateQueue } from '../../src/platform/queue.ts'
import { CleanupStack, startApp, type TestApp } from '../support/app.ts'

describe('setting up the queue', () => {
  const cleanup = new CleanupStack()
  let app: TestApp

  before(async () => {
    app = await startApp(cleanup)
  })
  after(() => cleanup.run())

  const setUp = (wanted = jobs) => migrateQueue(app.ctx.db, app.ctx.config.databaseUrl ?? '', wanted)
  const schedules = async () => {
    const { rows } = await app.ctx.db.query<{ name: string }>({
      text: 'select name from pgboss.schedule order by name',
    })
    return rows.map(({ name }) => name)
  }
  const scheduled = jobs
    .filter(({ cron }) => cron)
    .map(({ name }) => name)
    .sort()

  test('is done once: a start that would change nothing does nothing', async () => {
    assert.deepEqual(await schedules(), scheduled)
    await app.ctx.db.query({ text: 'delete from pgboss.schedule' })
    await setUp()
    assert.deepEqual(await schedules(), [])
  })

  test('is done again when a job is new or has another schedule', async () => {
    await setUp([...jobs, { name: 'test.new', cron: '0 3 * * *', run: async () => {} }])
    assert.deepEqual(await schedules(), [...scheduled, 'test.new'].sort())
    await setUp()
  })

  test('is done where there is no queue at all', async () => {
    await app.ctx.db.query({ text: 'drop schema pgboss cascade' })
    await setUp()
    assert.deepEqual(await schedules(), scheduled)
  })
})
