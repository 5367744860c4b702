import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { jobs } from '../../src/jobs.ts'
import { CleanupStack, type Person, startApp, type TestApp } from '../support/app.ts'
import { assertProblem } from '../support/problem.ts'
import { until } from '../support/process.ts'
import { plantJob } from './plant-job.ts'

const v1 = '/api/v1/jobs'

describe('background jobs', () => {
  const cleanup = new CleanupStack()
  let app: TestApp
  let admin: Person

  before(async () => {
    app = await startApp(cleanup)
    admin = await app.person('ada', 'admin')
    // Begins the queue, which makes what it needs for itself.
    await app.ctx.queue.work(app.ctx, [])
  })
  after(() => cleanup.run())

  const list = async (query = '') => (await app.send('GET', `${v1}?${query}`, { as: admin })).body
  const post = (id: string, verb: string) => app.send('POST', `${v1}/${id}/${verb}`, { as: admin })
  const find = async (id: string) => (await list('limit=100')).items.find((job: { id: string }) => job.id === id)

  test('are listed newest first, page by page, by state and by name, without those of the queue itself', async () => {
    const ids: string[] = []
    for (const state of ['created', 'retry', 'active', 'completed', 'cancelled', 'failed']) {
      for (let i = 0; i < 3; i++) ids.unshift(await plantJob(app, { state }))
    }
    const other = await plantJob(app, { name: 'imports.run', data: { importId: 7 } })
    await app.ctx.db.query({
      text: `insert into pgboss.job (name) values ('__pgboss__send-it') on conflict do nothing`,
    })
    const seen: string[] = []
    for (let cursor = ''; ; ) {
      const page = await list(`limit=4${cursor}`)
      seen.push(...page.items.map(({ id }: { id: string }) => id))
      if (!page.next_cursor) break
      cursor = `&cursor=${page.next_cursor}`
    }
    assert.deepEqual(seen, [other, ...ids])
    assert.deepEqual(
      (await list('state=failed')).items.map(({ id }: { id: string }) => id),
      ids.slice(0, 3),
    )
    assert.deepEqual(
      (await list('name=imports.run')).items.map((job: { id: string; import_id: number }) => [job.id, job.import_id]),
      [[other, 7]],
    )
    assert.deepEqual((await list('name=nothing.here')).items, [])
    assertProblem(await app.send('GET', `${v1}?state=done`, { as: admin }), 400)
    assertProblem(await app.send('GET', `${v1}?cursor=abc`, { as: admin }), 400)
  })

  test('say why they did not succeed, and nothing of how it is made inside', async () => {
    const stack = 'Error: x\n at /srv/src/secret.ts:1'
    for (const [output, error] of [
      [{ name: 'AppError', message: 'The file is away.', stack }, 'The file is away.'],
      [{ name: 'error', code: '57014', message: 'select secret', stack }, 'The database refused (SQLSTATE 57014).'],
      [{ name: 'Error', code: 'ECONNREFUSED', message: 'connect secret', stack }, 'The database could not be reached.'],
      [{ name: 'Error', code: 'EPIPE', message: 'write EPIPE', stack }, 'The database could not be reached.'],
      [
        { name: 'Error', code: 'ERR_SECRET', message: 'secret', stack },
        'Something went wrong; the log of the worker says what.',
      ],
      [
        { name: 'TypeError', message: 'secret is undefined', stack },
        'Something went wrong; the log of the worker says what.',
      ],
      [{ value: { message: 'job heartbeat timeout' } }, 'The worker that had it is gone.'],
      [{ value: { message: 'job timed out' } }, 'It took too long.'],
    ] as const) {
      assert.equal((await find(await plantJob(app, { state: 'failed', output }))).error, error)
    }
    assert.equal((await find(await plantJob(app, { state: 'completed', output: { message: 'fine' } }))).error, null)
    assert.ok(!JSON.stringify(await list('limit=100')).includes('secret'))
  })

  test('that failed or were cancelled are run again, others are not', async () => {
    for (const [state, then] of [
      ['failed', 'retry'],
      ['cancelled', 'created'],
    ] as const) {
      const id = await plantJob(app, { state })
      const { status, body, text } = await post(id, 'retry')
      assert.deepEqual([status, body.state, body.finished_at], [200, then, null], text)
      assert.equal((await find(id)).state, then)
      assertProblem(await post(id, 'retry'), 409, 'WRONG_JOB_STATE')
    }
    for (const state of ['created', 'retry', 'active', 'completed']) {
      assertProblem(await post(await plantJob(app, { state }), 'retry'), 409, 'WRONG_JOB_STATE')
    }
  })

  test('that have not ended are cancelled, but for those that an import waits for', async () => {
    for (const state of ['created', 'retry', 'active']) {
      const id = await plantJob(app, { state })
      const { status, body, text } = await post(id, 'cancel')
      assert.deepEqual([status, body.state], [200, 'cancelled'], text)
      assertProblem(await post(id, 'cancel'), 409, 'WRONG_JOB_STATE')
      const ofImport = await plantJob(app, { name: 'imports.undo', state, data: { importId: 9 } })
      const refused = await post(ofImport, 'cancel')
      assertProblem(refused, 409, 'JOB_OF_IMPORT')
      assert.deepEqual([refused.body.import_id, (await find(ofImport)).state], [9, state])
    }
    for (const state of ['completed', 'failed']) {
      assertProblem(await post(await plantJob(app, { state }), 'cancel'), 409, 'WRONG_JOB_STATE')
    }
  })

  test('that are not there, or are the queue’s own, cannot be touched', async () => {
    const own = await app.ctx.db.query<{ id: string }>({
      text: `insert into pgboss.job (name, state) values ('__pgboss__send-it', 'failed') returning id`,
    })
    for (const id of [randomUUID(), own.rows[0]?.id ?? '']) {
      for (const verb of ['retry', 'cancel']) assertProblem(await post(id, verb), 404, 'JOB_NOT_FOUND')
    }
    assertProblem(await post('7', 'retry'), 400)
  })

  test('run again are done by a worker', async () => {
    const id = await plantJob(app, { state: 'failed' })
    await post(id, 'retry')
    await app.ctx.queue.work(
      app.ctx,
      jobs.filter(({ name }) => name === 'tasks.purge'),
    )
    await until(
      async () => (await find(id)).state === 'completed',
      10_000,
      () => 'the job to be done',
    )
  })
})
