import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { jobs } from '../../src/jobs.ts'
import { migrateQueue } from '../../src/platform/queue.ts'
import { CleanupStack, SECRET, startApp, type TestApp } from '../support/app.ts'
import { startProcess, statusOf } from '../support/process.ts'

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

  test('leaves its code to be loaded with the first job', async () => {
    const tell = `import { registerHooks } from 'node:module'
      registerHooks({
        load(url, context, next) {
          if (/pg-boss\\/dist/.test(url)) process.stderr.write('LOADED\\n')
          return next(url, context)
        },
      })`
    const server = await startProcess(['serve'], {
      DATABASE_URL: app.databaseUrl,
      JWT_SECRET_KEY: SECRET,
      NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --import=data:text/javascript,${encodeURIComponent(tell)}`,
    })
    cleanup.after(async () => {
      server.kill('SIGTERM')
      await server.ended()
    })
    await server.wrote(/Tasklog is ready/)
    const { token } = await app.person('admin', 'admin')
    const tasks = { headers: { authorization: `Bearer ${token}` } }
    assert.equal(await statusOf(`${server.base}/api/v1/tasks`, tasks), 200)
    assert.doesNotMatch(server.output(), /LOADED/)
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'text/csv' }
    await fetch(`${server.base}/api/v1/imports`, { method: 'POST', headers, body: 'title\nFirst\n' })
    await server.wrote(/LOADED/)
  })
})
