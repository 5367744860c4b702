import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { after, before, describe, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { CleanupStack, startApp, type TestApp } from '../support/app.ts'
import { openTransaction } from '../support/database.ts'
import { type Fault, startDatabaseProxy } from '../support/database-proxy.ts'
import { assertProblem } from '../support/problem.ts'
import { until } from '../support/process.ts'
import { buildTeam, type Team, v1 } from '../tasks/team.ts'

/** Far more than the buffers between two sockets hold, also when it is packed: descriptions are noise without words. */
const TASKS = 1_500
const TITLES = Array.from({ length: TASKS }, (_, i) => `Task ${TASKS - i}`)

describe('an export that is read slowly, or not to its end', () => {
  const cleanup = new CleanupStack()
  let team: Team
  let port: number

  before(async () => {
    team = await buildTeam(cleanup)
    const insert = {
      text: `insert into tasks (project_id, title, description, status, priority, created_by, created_at, updated_at,
                                valid_from, changed_by)
             select $1, 'Task ' || i, noise, 'pending', 'LOW', $2, at, at, at, $2
               from generate_series(1, ${TASKS}) i, lateral (select timestamptz '2025-01-01' + i * interval '1 s' as at) times,
                    lateral (select string_agg(translate(md5(i * 1000 + j || ''), '0123456789abcdef', '!#$%()*+;=?^|~{}'), '')
                               as noise from generate_series(1, 620) j) noises`,
      values: [team.project, team.mia.id],
    }
    await team.app.ctx.db.bulkTransaction((tx) => tx.query(insert))
    port = await listen(team.app)
  })
  after(() => cleanup.run())

  async function listen(app: TestApp): Promise<number> {
    await app.app.http.listen({ port: 0, host: '127.0.0.1' })
    return (app.app.http.server.address() as AddressInfo).port
  }

  /** The answer with its head; its body waits for whoever reads it. */
  async function open(path = 'tasks.ndjson', at = port): Promise<IncomingMessage> {
    const headers = { authorization: `Bearer ${team.mia.token}` }
    const request = get({ port: at, path: `${v1}/${path}`, headers, agent: false })
    const [answer] = (await once(request, 'response')) as [IncomingMessage]
    answer.on('error', () => {})
    return answer
  }

  const openTransactions = async () => {
    const { rows } = await team.app.ctx.db.query<{ state: string; rested: boolean; waits: boolean }>({
      text: `select state, now() - state_change > interval '0.5 s' as rested,
                    coalesce(wait_event_type = 'Lock', false) as waits from pg_stat_activity
              where datname = current_database() and pid <> pg_backend_pid() and xact_start is not null
                and application_name like 'tasklog-test%'`,
    })
    return rows
  }
  const noneOpen = () =>
    until(
      async () => (await openTransactions()).length === 0,
      10_000,
      () => 'the transaction to end',
    )

  const head = async (file: string) => {
    const headers = { authorization: `Bearer ${team.mia.token}` }
    return (await team.app.app.http.inject({ method: 'HEAD', url: `${v1}/${file}`, headers })).statusCode
  }

  async function read(answer: IncomingMessage): Promise<string> {
    const chunks: Buffer[] = []
    for await (const chunk of answer) chunks.push(chunk)
    return Buffer.concat(chunks).toString()
  }
  const titlesOf = (text: string) =>
    text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line).title)

  test('holds the tasks as they were when it began, whatever happens to them meanwhile', async () => {
    const answer = await open()
    const sql = (text: string) => team.app.ctx.db.query({ text })
    await sql(`update tasks set title = 'Changed', version = version + 1, valid_from = clock_timestamp()
                where created_at < '2025-01-01 00:00:30Z'`)
    const { rows } = await team.app.ctx.db.query<{ id: number }>({ text: 'select min(id) as id from tasks' })
    assert.equal((await team.remove(team.mia, rows[0]?.id ?? 0)).status, 204)
    assert.equal((await team.create(team.mia, { title: 'Late' })).status, 201)
    assert.deepEqual(titlesOf(await read(answer)), TITLES)
    await noneOpen()
    assert.deepEqual(titlesOf(await read(await open())).slice(0, 2), ['Late', TITLES[0]])
    await team.app.ctx.db.query({
      text: `update tasks set version = version + 1, valid_from = clock_timestamp(),
       title = 'Task ' || extract(epoch from created_at - '2025-01-01')::int where title = 'Changed'`,
    })
  })

  test('fetches no more than its reader takes', async (t) => {
    const { app, fetches } = await throughProxy(t)
    const answer = await open('tasks.csv', await listen(app))
    await until(
      async () => (await openTransactions()).some(({ state, rested }) => state === 'idle in transaction' && rested),
      10_000,
      () => 'the export to wait for its reader',
    )
    // About 25 of these tasks at once, so some 60 would be all.
    assert.ok(fetches() < 30, `${fetches()} fetches`)
    answer.destroy()
    await noneOpen()
  })

  for (const file of ['tasks.ndjson', 'tasks.csv', 'tasks.xlsx']) {
    test(`ends its transaction when the reader of ${file} goes away`, async () => {
      const answer = await open(file)
      assert.equal((await openTransactions()).length, 1)
      answer.destroy()
      await noneOpen()
    })
  }

  test('ends its transaction when the reader goes away while the database is at work', async (t) => {
    // Longer than this test waits: nothing but the reader's going ends the statement.
    const env = { STATEMENT_TIMEOUT_MS: '60000' }
    const at = await listen(await startApp(t, { databaseUrl: team.app.databaseUrl, env }))
    const other = await openTransaction(t, team.app.databaseUrl)
    await other.query({ text: 'lock table tasks' })
    const headers = { authorization: `Bearer ${team.mia.token}` }
    const request = get({ port: at, path: `${v1}/tasks.csv`, headers, agent: false }).on('error', () => {})
    await until(
      async () => (await openTransactions()).some(({ waits }) => waits),
      10_000,
      () => 'the export to wait for the lock',
    )
    request.destroy()
    await noneOpen()
    await other.commit()
  })

  test('begins nothing for a reader who went away while it was asked who they are', async (t) => {
    const env = { STATEMENT_TIMEOUT_MS: '60000' }
    const app = await startApp(t, { databaseUrl: team.app.databaseUrl, env })
    const sockets: Socket[] = []
    app.app.http.server.on('connection', (socket) => sockets.push(socket))
    const at = await listen(app)
    const users = await openTransaction(t, team.app.databaseUrl)
    await users.query({ text: 'lock table users' })
    const tasks = await openTransaction(t, team.app.databaseUrl)
    await tasks.query({ text: 'lock table tasks' })
    const headers = { authorization: `Bearer ${team.mia.token}` }
    const request = get({ port: at, path: `${v1}/tasks.csv`, headers, agent: false }).on('error', () => {})
    await users.someoneWaits()
    request.destroy()
    await once(sockets[0] as Socket, 'close')
    await users.commit()
    await sleep(1_000)
    assert.deepEqual(await openTransactions(), [])
    await tasks.commit()
  })

  test('is cut off when its reader stands still', async (t) => {
    const app = await startApp(t, { databaseUrl: team.app.databaseUrl })
    const sockets: Socket[] = []
    app.app.http.server.on('connection', (socket) => sockets.push(socket))
    const answer = await open('tasks.csv', await listen(app))
    assert.deepEqual(
      sockets.map(({ timeout }) => timeout),
      [12_000],
    )
    sockets[0]?.setTimeout(300)
    await noneOpen()
    await assert.rejects(read(answer))
  })

  /** An application of its own whose n-th fetch can be made to go wrong. */
  async function throughProxy(t: TestContext, nth = 0, fault?: Fault) {
    const proxy = await startDatabaseProxy(t, team.app.databaseUrl)
    let count = 0
    proxy.decide(({ statement }) => (statement.startsWith('fetch') && ++count === nth ? fault : undefined))
    const app = await startApp(t, { databaseUrl: proxy.url, env: { STATEMENT_TIMEOUT_MS: '1000' } })
    return { app, fetches: () => count }
  }

  const FAULTS: Fault[] = ['cut before', 'cut after', '57014', '40001', 'hang']
  for (const [file, fault] of ['csv', 'xlsx'].flatMap((kind) => FAULTS.map((one) => [`tasks.${kind}`, one] as const))) {
    test(`never looks whole when the database fails midway (${file}, ${fault})`, async (t) => {
      const { app } = await throughProxy(t, 3, fault)
      const at = await listen(app)
      const answer = await open(file, at)
      assert.equal(answer.statusCode, 200)
      await assert.rejects(read(answer))
      // The next one is none the worse.
      assert.equal(titlesOf(await read(await open('tasks.ndjson', at))).length, TASKS)
      await noneOpen()
    })

    test(`is a problem when the database fails before it began (${file}, ${fault})`, async (t) => {
      const { app } = await throughProxy(t, 1, fault)
      const answer = await app.send('GET', `${v1}/${file}`, { as: team.mia })
      assertProblem(answer, fault === '40001' ? 409 : 503)
      assert.equal((await app.send('GET', `${v1}/${file}?status=active`, { as: team.mia })).status, 200)
      await noneOpen()
    })
  }

  test('is one of three at most; the next is told to wait', async () => {
    const answers = [await open(), await open(), await open('tasks.csv')]
    const refused = await team.app.send('GET', `${v1}/tasks.csv`, { as: team.olga })
    assertProblem(refused, 503, 'TOO_MANY_EXPORTS')
    assert.match(String(refused.headers['retry-after']), /^\d+$/)
    assert.equal(await head('tasks.csv'), 503)
    assert.equal((await team.app.send('GET', `${v1}/tasks`, { as: team.olga })).status, 200)
    answers[0]?.destroy()
    const small = () => team.app.send('GET', `${v1}/tasks.csv?status=active`, { as: team.olga })
    await until(
      async () => (await small()).status === 200,
      10_000,
      () => 'a place',
    )
    for (const answer of answers) answer.destroy()
    await noneOpen()
    for (let i = 0; i < 5; i++) assert.equal((await small()).status, 200)
  })

  test('is not begun by HEAD, which is answered as GET would be', async (t) => {
    const { app, fetches } = await throughProxy(t)
    const headers = { authorization: `Bearer ${team.mia.token}` }
    const answer = await app.app.http.inject({ method: 'HEAD', url: `${v1}/tasks.csv`, headers })
    assert.equal(answer.statusCode, 200)
    assert.equal(answer.headers['content-type'], 'text/csv; charset=utf-8')
    assert.match(String(answer.headers['content-disposition']), /^attachment; filename="tasks-.*\.csv"$/)
    assert.equal(answer.payload, '')
    assert.deepEqual([await openTransactions(), fetches()], [[], 0])
    assert.deepEqual([await head('tasks.csv?as_of=never'), await head('tasks.xlsx?status=never')], [400, 400])
    await team.app.ctx.db.query({ text: `update past_epoch set history_kept_from = '2025-01-01'` })
    assert.deepEqual([await head('tasks.csv?as_of=2024-06-01'), await head('tasks.csv?as_of=2025-06-01')], [410, 200])
    await team.app.ctx.db.query({ text: 'update past_epoch set history_kept_from = null' })
  })
})
