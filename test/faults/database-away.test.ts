import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import pg from 'pg'
import { CleanupStack } from '../support/app.ts'
import { type OwnPostgres, ownPostgres, temporaryFolder } from '../support/own-postgres.ts'
import { type ServerProcess, startProcess, statusOf, tokenOf, until } from '../support/process.ts'

const PASSWORD = 'a quiet otter laughs'

describe('a server whose PostgreSQL goes away', () => {
  const cleanup = new CleanupStack()
  let postgres: OwnPostgres
  let server: ServerProcess
  let token: string

  before(async () => {
    postgres = await ownPostgres(cleanup)
    await postgres.stop('fast')
    server = await startProcess(['serve', '--worker'], {
      DATABASE_URL: postgres.url,
      DATA_DIR: await temporaryFolder(cleanup),
      JWT_SECRET_KEY: 'c29tZSBieXRlcyB0aGF0IGFyZSBub3QgcHVibGlzaGVk',
      ADMIN_USERNAME: 'root_admin',
      ADMIN_PASSWORD: PASSWORD,
    })
    cleanup.after(async () => server.kill('SIGKILL'))
  })
  after(() => cleanup.run())

  const isUp = async () => (await statusOf(`${server.base}/readyz`)) === 200
  const get = (path: string) => fetch(`${server.base}${path}`, { headers: { authorization: `Bearer ${token}` } })

  /** Alive, not ready, and 503 with Retry-After for everything that needs the database. */
  async function assertUnavailable(path: string, init: RequestInit = {}): Promise<void> {
    assert.equal(await statusOf(`${server.base}/livez`), 200)
    assert.equal(await statusOf(`${server.base}/readyz`), 503)
    const answer = await fetch(`${server.base}${path}`, init)
    const body = (await answer.json()) as { code: string; error: string }
    assert.equal(answer.status, 503)
    assert.match(answer.headers.get('retry-after') ?? '', /^\d+$/)
    assert.equal(body.code, 'DATABASE_UNAVAILABLE')
    assert.ok(!/ECONN|postgres|127\.0\.0\.1|SQL/i.test(JSON.stringify(body)), JSON.stringify(body))
  }

  test('starts without it, says so, and is ready by itself once it is there', async () => {
    await until(async () => (await statusOf(`${server.base}/livez`)) === 200, 10_000)
    const login = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"username":"a","password":"b"}',
    }
    await assertUnavailable('/login', login)
    await postgres.start()
    await server.wrote(/Tasklog is ready/)
    await until(isUp, 5_000)
    token = await tokenOf(server.base, 'root_admin', PASSWORD)
    assert.equal((await get('/tasks')).status, 200)
  })

  test('answers 503 while it is away, and recovers within 5 s of its return, in the same process', async () => {
    for (const mode of ['immediate', 'fast'] as const) {
      await postgres.stop(mode)
      await until(async () => (await statusOf(`${server.base}/readyz`)) === 503, 5_000)
      await assertUnavailable('/tasks', { headers: { authorization: `Bearer ${token}` } })
      await postgres.start()
      const back = performance.now()
      await until(async () => (await get('/tasks')).status === 200, 5_000)
      assert.ok(performance.now() - back < 5_000)
      assert.equal(server.child.exitCode, null)
    }
  })

  test('goes on when its connections are terminated', async () => {
    const client = new pg.Client({ connectionString: postgres.url })
    await client.connect()
    for (let round = 0; round < 5; round++) {
      await client.query(
        'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()',
      )
      const answers = await Promise.all(Array.from({ length: 8 }, () => get('/tasks').then((answer) => answer.status)))
      assert.ok(
        answers.every((status) => status === 200 || status === 503),
        answers.join(),
      )
    }
    await client.end()
    await until(async () => (await get('/tasks')).status === 200, 5_000)
    assert.equal(server.child.exitCode, null)
  })

  test('works on its jobs again after the outages', async () => {
    const form = new FormData()
    form.set('file', new Blob(['task_name\nAfter the storm\n']), 'a.csv')
    const headers = { authorization: `Bearer ${token}` }
    const answer = await fetch(`${server.base}/upload-csv`, { method: 'POST', body: form, headers })
    const { url } = (await answer.json()) as { url: string }
    await until(async () => ((await (await get(url)).json()) as { state: string }).state === 'done', 30_000)
  })

  test('the log names the trouble once, not per request', () => {
    assert.equal(server.output().match(/the database does not answer yet; waiting/g)?.length, 1)
  })
})
