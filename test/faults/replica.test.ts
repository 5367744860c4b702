import assert from 'node:assert/strict'
import { after, before, describe, type TestContext, test } from 'node:test'
import { jobs } from '../../src/jobs.ts'
import { createLogger } from '../../src/platform/logger.ts'
import { type Answer, CleanupStack, multipart, type Person, startApp, type TestApp } from '../support/app.ts'
import { openTransaction } from '../support/database.ts'
import { type DatabaseProxy, startDatabaseProxy } from '../support/database-proxy.ts'
import { until } from '../support/process.ts'
import { type Replicated, startReplicated } from '../support/standby.ts'
import { migrateFresh } from '../support/template.ts'

describe('a server that reads lists from a replica', () => {
  const cleanup = new CleanupStack()
  const lines: { msg: string }[] = []
  const log = createLogger('info', { write: (line) => void lines.push(JSON.parse(line)) })
  let servers: Replicated
  let proxy: DatabaseProxy
  let app: TestApp
  let anna: Person
  let bert: Person
  let project: number

  before(async () => {
    servers = await startReplicated(cleanup, migrateFresh)
    proxy = await startDatabaseProxy(cleanup, servers.standbyUrl)
    app = await startApp(cleanup, {
      databaseUrl: servers.primaryUrl,
      env: { DATABASE_READ_URL: proxy.url },
      log,
    })
    anna = await app.person('anna')
    bert = await app.person('bert')
    const made = await app.send('POST', '/api/v1/projects', { as: anna, body: { name: 'Shared' } })
    project = made.body.id
    const member = { username: 'bert', role: 'contributor' }
    const added = await app.send('POST', `/api/v1/projects/${project}/members`, { as: anna, body: member })
    assert.equal(added.status, 201, added.text)
    await app.ctx.queue.work(app.ctx, jobs)
    await create(anna, 'Known to all')
    await caughtUp()
  })
  after(() => cleanup.run())

  const replica = () => app.ctx.replica ?? assert.fail('there is a replica')
  const create = async (who: Person, title: string) => {
    const body = { title, project_id: project }
    const answer = await app.send('POST', '/api/v1/tasks', { as: who, body })
    assert.equal(answer.status, 201, answer.text)
    return answer.body.id as number
  }
  const titles = async (who: Person, url = `/api/v1/tasks?project_id=${project}`): Promise<string[]> => {
    const { status, body, text } = await app.send('GET', url, { as: who })
    assert.equal(status, 200, text)
    return (body.items ?? body.tasks).map((task: { title: string }) => task.title)
  }
  /** Everybody is answered from the replica. */
  const caughtUp = () =>
    until(
      async () => (await Promise.all([anna, bert].map(({ id }) => replica().standbyFor(id)))).every(Boolean),
      10_000,
      () => 'the replica to be used',
    )
  const paused = async (work: () => Promise<void>) => {
    await caughtUp()
    await servers.replay(false)
    try {
      await work()
    } finally {
      await servers.replay(true)
    }
  }
  const said = (msg: string) => lines.filter((line) => line.msg === msg).length

  test('shows a writer their own write at once, and others what the replica has', async () => {
    await paused(async () => {
      await create(anna, 'New')
      for (const url of [`/api/v1/tasks?project_id=${project}`, '/api/v1/task-log', '/tasks']) {
        assert.ok(!(await titles(bert, url)).includes('New'), `${url} is read from the replica for Bert`)
        assert.ok((await titles(anna, url)).includes('New'), `${url} shows Anna what she wrote`)
        assert.ok((await titles(bert, url)).includes('New'), `${url} is kept for both of them now`)
      }
      const file = (await app.send('GET', '/api/v1/tasks.csv', { as: bert })).text
      assert.ok(file.includes('Known to all') && !file.includes('New'))
      assert.ok((await app.send('GET', '/api/v1/tasks.csv', { as: anna })).text.includes('New'))
    })
    await until(async () => (await titles(bert)).includes('New'), 5_000)
    await caughtUp()
  })

  test('counts there what has changed since the past that is kept', async () => {
    const counts = async (who: Person) => {
      const [now, days] = await Promise.all(
        ['', '/periods'].map((path) => app.send('GET', `/api/v1/overview${path}`, { as: who })),
      )
      return [now?.body.tasks, days?.body.items.at(-1).open]
    }
    const [tasks, open] = await counts(bert)
    await paused(async () => {
      await create(anna, 'Counted')
      assert.deepEqual(await counts(bert), [tasks, open])
      assert.deepEqual(await counts(anna), [tasks + 1, open + 1])
    })
  })

  test("shows every kind of write of one's own: change, deletion, many at once", async () => {
    const id = await create(anna, 'To change')
    const other = await create(anna, 'To delete')
    await paused(async () => {
      await app.send('PATCH', `/api/v1/tasks/${id}`, { as: anna, body: { title: 'Changed' } })
      assert.ok((await titles(anna)).includes('Changed'))
      await app.send('DELETE', `/task/${other}`, { as: anna })
      assert.ok((await titles(bert)).includes('To delete'))
      assert.ok(!(await titles(anna)).includes('To delete'))
    })
  })

  /** The replica has the request for the job, and nothing of what the job does. */
  async function jobMeanwhilePaused(t: TestContext, ask: () => Promise<Answer>, state: string): Promise<void> {
    const others = await openTransaction(t, servers.primaryUrl)
    await others.query({ text: 'lock table tasks in exclusive mode' })
    const answer = await ask()
    assert.equal(answer.status, 202, answer.text)
    await caughtUp()
    await servers.replay(false)
    await others.commit()
    const url = `/api/v1/imports/${answer.body.id}`
    await until(async () => (await app.send('GET', url, { as: anna })).body.state === state, 20_000)
  }

  test('counts the work of a job as a write of whoever asked for it', async (t) => {
    const file = multipart('task_name\nFrom a file\n')
    const url = '/api/v1/imports'
    let id = 0
    const upload = async () => {
      const answer = await app.send('POST', `${url}?project_id=${project}`, { as: anna, ...file })
      id = answer.body.id
      return answer
    }
    try {
      await jobMeanwhilePaused(t, upload, 'done')
      assert.ok(!(await titles(bert)).includes('From a file'))
      assert.ok((await titles(anna)).includes('From a file'))
      await servers.replay(true)
      await jobMeanwhilePaused(t, () => app.send('POST', `${url}/${id}/undo`, { as: anna }), 'undone')
      assert.ok((await titles(bert)).includes('From a file'))
      assert.ok(!(await titles(anna)).includes('From a file'))
    } finally {
      await servers.replay(true)
    }
  })

  test('shows nobody a project they were removed from, however far behind the replica is', async () => {
    const carl = await app.person('carl')
    const member = { username: 'carl', role: 'viewer' }
    await app.send('POST', `/api/v1/projects/${project}/members`, { as: anna, body: member })
    await until(async () => (await replica().standbyFor(carl.id)) !== undefined, 10_000)
    await paused(async () => {
      assert.ok((await titles(carl)).includes('Known to all'))
      await app.send('DELETE', `/api/v1/projects/${project}/members/${carl.id}`, { as: anna })
      assert.deepEqual((await app.send('GET', '/api/v1/tasks', { as: carl })).body.items, [])
    })
  })

  test('does not acknowledge a write it cannot note, and answers reads meanwhile', async () => {
    await caughtUp()
    await app.ctx.db.query({ text: 'alter table replica_marks rename to no_marks' })
    try {
      const body = { title: 'Not noted', project_id: project }
      const answer = await app.send('POST', '/api/v1/tasks', { as: anna, body })
      assert.equal(answer.status, 503)
      assert.equal(answer.body.code, 'DATABASE_UNAVAILABLE')
    } finally {
      await app.ctx.db.query({ text: 'alter table no_marks rename to replica_marks' })
    }
    await create(anna, 'Noted')
  })

  for (const [fault, what, isUsed, limit] of [
    ['40001', 'a statement stands in the way of replay', true, 91],
    ['hang', 'the replica freezes', false, 92],
    ['cut before', 'a connection to the replica breaks', false, 93],
  ] as const) {
    test(`reads from the primary when ${what}`, async () => {
      await caughtUp()
      proxy.decide(({ statement }) => (statement.startsWith('replica/') ? undefined : fault))
      try {
        // Each time a page that is not kept yet.
        const url = `/api/v1/tasks?project_id=${project}&limit=${limit}`
        assert.ok((await titles(bert, url)).includes('Known to all'))
        assert.equal(replica().isUsable, isUsed)
        await caughtUp()
        assert.match((await app.send('GET', '/api/v1/tasks.csv', { as: bert })).text, /Known to all/)
      } finally {
        proxy.decide(() => undefined)
      }
    })
  }

  test('reads from the primary while the replica is away, says so once, and comes back to it', async () => {
    await caughtUp()
    await servers.stopStandby()
    for (let i = 0; i < 5; i++) {
      const started = performance.now()
      assert.ok((await titles(bert)).includes('Known to all'))
      assert.ok(performance.now() - started < 2_000)
    }
    await until(async () => said('the read replica is not used') === 1, 5_000)
    assert.match((await app.send('GET', '/metrics')).text, /^tasklog_replica_usable 0$/m)
    await servers.startStandby()
    await caughtUp()
    assert.equal(said('the read replica is not used'), 1)
    assert.match((await app.send('GET', '/metrics')).text, /^tasklog_replica_usable 1$/m)
  })
})
