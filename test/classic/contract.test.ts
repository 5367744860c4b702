import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { jobs } from '../../src/jobs.ts'
import { CleanupStack, multipart, PASSWORD, type Person, startApp, type TestApp } from '../support/app.ts'
import { assertProblem } from '../support/problem.ts'

/** Each row of the original contract, at its exact path, over HTTP. */
describe('the original contract', () => {
  const cleanup = new CleanupStack()
  let app: TestApp
  let admin: Person
  let john: Person
  let emma: Person

  before(async () => {
    app = await startApp(cleanup, { worker: true })
    admin = await app.person('admin', 'admin')
    john = await app.person('john_doe')
    emma = await app.person('emma_watson')
    for (const name of ['robert_brown', 'alice_smith', 'david_lee']) {
      await app.auth.createUser({ username: name, password: PASSWORD }, 'user')
    }
  })

  after(() => cleanup.run())

  const post = (url: string, body: unknown, as?: Person) => app.send('POST', url, { body, as })

  test('POST /register answers 201 with message, id, username and role', async () => {
    const answer = await post('/register', {
      username: 'new_user',
      email: 'new@example.org',
      password: 'a long enough one',
    })
    assert.equal(answer.status, 201)
    assert.deepEqual(Object.keys(answer.body).sort(), ['id', 'message', 'role', 'username'])
    assert.equal(typeof answer.body.id, 'number')
    assert.equal(answer.body.role, 'user')
  })

  test('POST /register works without an email', async () => {
    assert.equal((await post('/register', { username: 'no_mail', password: 'a long enough one' })).status, 201)
  })

  test('POST /register refuses a role and makes nobody', async () => {
    const answer = await post('/register', { username: 'mallory', password: 'a long enough one', role: 'admin' })
    assert.equal(answer.status, 400)
    assert.equal((await post('/login', { username: 'mallory', password: 'a long enough one' })).status, 401)
  })

  test('POST /register answers 409 for a taken name', async () => {
    const answer = await post('/register', { username: 'John_Doe', password: 'a long enough one' })
    assert.equal(answer.status, 409)
    assert.equal(answer.body.code, 'USERNAME_TAKEN')
    assert.equal(typeof answer.body.error, 'string')
  })

  test('POST /login answers a bearer token that works', async () => {
    const { status, body } = await post('/login', { username: 'john_doe', password: PASSWORD })
    assert.equal(status, 200)
    assert.deepEqual(Object.keys(body).sort(), ['access_token', 'expires_in', 'refresh_token', 'token_type'])
    assert.equal(body.token_type, 'Bearer')
    assert.equal((await app.send('GET', '/tasks', { as: body.access_token })).status, 200)
  })

  test('POST /login answers the same 401 for a wrong name, a wrong password and a disabled user', async () => {
    const disabled = await app.person('disabled_one')
    await app.send('POST', `/api/v1/users/${disabled.id}/disable`, { as: admin })
    const answers = await Promise.all([
      post('/login', { username: 'nobody_here', password: PASSWORD }),
      post('/login', { username: 'john_doe', password: 'not the password' }),
      post('/login', { username: 'disabled_one', password: PASSWORD }),
    ])
    for (const answer of answers) {
      assert.equal(answer.status, 401)
      assert.equal(answer.text, answers[0].text)
      assert.match(String(answer.headers['content-type']), /^application\/problem\+json/)
    }
  })

  test('POST /task creates with only a title, and with everything', async () => {
    const least = await post('/task', { title: 'Data Backup' }, john)
    assert.equal(least.status, 201)
    assert.equal(least.body.status, 'pending')
    assert.equal(least.body.priority, 'MEDIUM')
    assert.equal(least.body.assigned_user, null)
    const input = {
      title: 'Deploy',
      description: 'The new release',
      status: 'active',
      priority: 'CRITICAL',
      due_date: '2027-01-31',
      assigned_user: 'emma_watson',
    }
    const full = await post('/task', input, john)
    assert.equal(full.status, 201)
    assert.deepEqual({ ...full.body, ...input }, full.body)
    assert.equal(full.body.created_by, 'john_doe')
  })

  test('PUT /task/<id> keeps the fields left out', async () => {
    const { body: task } = await post('/task', { title: 'Keep', description: 'this', priority: 'HIGH' }, john)
    const answer = await app.send('PUT', `/task/${task.id}`, { as: john, body: { status: 'completed' } })
    assert.equal(answer.status, 200)
    assert.deepEqual({ ...task, status: 'completed', version: 2, updated_at: answer.body.updated_at }, answer.body)
  })

  test('a task has an ETag; sent as If-Match, it keeps out a change of what was changed since', async () => {
    const made = await post('/task', { title: 'Guarded' }, john)
    const url = `/task/${made.body.id}`
    const first = { 'if-match': String(made.headers.etag) }
    const changed = await app.send('PUT', url, { as: john, body: { title: 'Second' }, headers: first })
    assert.equal(changed.status, 200)
    assert.equal((await app.send('GET', url, { as: john })).headers.etag, changed.headers.etag)
    const late = await app.send('PUT', url, { as: john, body: { title: 'Third' }, headers: first })
    assertProblem(late, 412, 'VERSION_MISMATCH')
    assert.deepEqual([late.body.current.title, late.headers.etag], ['Second', changed.headers.etag])
    assertProblem(await app.send('DELETE', url, { as: john, headers: first }), 412, 'VERSION_MISMATCH')
    const latest = { 'if-match': String(changed.headers.etag) }
    assert.equal((await app.send('DELETE', url, { as: john, headers: latest })).status, 200)
  })

  test('PUT and DELETE work for the creator and the assignee, and answer 403 to others', async () => {
    const { body: task } = await post('/task', { title: 'Shared', assigned_user: 'emma_watson' }, john)
    const robert = await app.login('robert_brown')
    assert.equal((await app.send('PUT', `/task/${task.id}`, { as: robert, body: { title: 'x' } })).status, 403)
    assert.equal((await app.send('DELETE', `/task/${task.id}`, { as: robert })).status, 403)
    assert.equal(
      (await app.send('PUT', `/task/${task.id}`, { as: emma, body: { title: 'By the assignee' } })).status,
      200,
    )
    assert.equal((await app.send('PUT', `/task/${task.id}`, { as: john, body: { title: 'By the owner' } })).status, 200)
    assert.equal((await app.send('DELETE', `/task/${task.id}`, { as: john })).status, 200)
  })

  test('DELETE /task/<id> answers a message; afterwards the task is nowhere', async () => {
    const { body: task } = await post('/task', { title: 'To be deleted' }, john)
    const { status, body } = await app.send('DELETE', `/task/${task.id}`, { as: john })
    assert.equal(status, 200)
    assert.equal(typeof body.message, 'string')
    assert.equal((await app.send('GET', `/task/${task.id}`, { as: john })).status, 404)
    assert.equal((await app.send('PUT', `/task/${task.id}`, { as: john, body: { title: 'x' } })).status, 404)
    assert.equal((await app.send('DELETE', `/task/${task.id}`, { as: john })).status, 404)
    const log = await app.send('GET', '/tasks?per_page=100', { as: john })
    assert.ok(!log.body.tasks.some((entry: { id: number }) => entry.id === task.id))
  })

  test('GET /task/<id> shows the details to everybody in the project', async () => {
    const { body: task } = await post('/task', { title: 'Readable' }, john)
    const answer = await app.send('GET', `/task/${task.id}`, { as: emma })
    assert.equal(answer.status, 200)
    assert.deepEqual(answer.body, task)
  })

  test('GET /tasks answers tasks, total, pages and current_page, and pages add up', async () => {
    const first = await app.send('GET', '/tasks?page=1&per_page=2', { as: john })
    assert.equal(first.status, 200)
    const { total, pages, current_page, tasks } = first.body
    assert.equal(current_page, 1)
    assert.equal(tasks.length, 2)
    assert.equal(pages, Math.ceil(total / 2))
    for (const key of ['id', 'title', 'status', 'priority', 'assigned_user', 'logged_date'])
      assert.ok(key in tasks[0], key)
    const ids = new Set<number>()
    for (let page = 1; page <= pages; page++) {
      const { body } = await app.send('GET', `/tasks?page=${page}&per_page=2`, { as: john })
      for (const entry of body.tasks) ids.add(entry.id)
    }
    assert.equal(ids.size, total)
    assert.equal((await app.send('GET', `/tasks?page=${pages + 1}&per_page=2`, { as: john })).body.tasks.length, 0)
  })

  test('POST /upload-csv loads every row of the sample file', async () => {
    const sample = readFileSync(new URL('../../dev/sample-tasks.csv', import.meta.url))
    const answer = await app.send('POST', '/upload-csv', { as: admin, ...multipart(sample) })
    assert.equal(answer.status, 201, answer.text)
    assert.equal(answer.headers.location, `/api/v1/imports/${answer.body.id}`)
    const { state, rows, created, updated, unchanged, rejected, errors } = answer.body
    assert.deepEqual(
      { state, rows, created, updated, unchanged, rejected, errors },
      { state: 'done', rows: 7, created: 7, updated: 0, unchanged: 0, rejected: 0, errors: [] },
    )
    const log = await app.send('GET', '/tasks?date=2025-04-04&per_page=100', { as: john })
    assert.equal(log.body.total, 7)
    const backup = log.body.tasks.find((entry: { title: string }) => entry.title === 'Data Backup')
    assert.equal(backup.status, 'active')
    assert.equal(backup.assigned_user, 'john_doe')
    assert.equal(backup.logged_date, '2025-04-04')
  })

  test('a task dated 3/28/2025 is in the log of the 28th and 29th of March and not in that of the 27th', async () => {
    const titles = async (date: string) =>
      (await app.send('GET', `/tasks?date=${date}`, { as: john })).body.tasks.map(
        (entry: { title: string }) => entry.title,
      )
    assert.deepEqual(await titles('2025-03-27'), [])
    assert.deepEqual(await titles('2025-03-28'), ['Security Audit'])
    assert.deepEqual(await titles('2025-03-29'), ['Security Audit'])
  })

  test('POST /upload-csv answers 202 when the import takes longer than the wait, and says where to follow it', async () => {
    const idle = await startApp(cleanup, { env: { UPLOAD_WAIT_SECONDS: '0' } })
    const boss = await idle.person('boss', 'admin')
    const answer = await idle.send('POST', '/upload-csv', { as: boss, ...multipart('task_name\nLater\n') })
    assert.equal(answer.status, 202)
    assert.equal(answer.headers.location, answer.body.url)
    await idle.ctx.queue.work(idle.ctx, jobs)
    for (let i = 0; i < 100; i++) {
      const { body } = await idle.send('GET', answer.body.url, { as: boss })
      if (body.state === 'done') return assert.equal(body.created, 1)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    assert.fail('the import did not end')
  })

  test('POST /upload-csv is for administrators', async () => {
    assert.equal((await app.send('POST', '/upload-csv', { as: john, ...multipart('task_name\nx\n') })).status, 403)
    assert.equal((await app.send('POST', '/upload-csv', multipart('task_name\nx\n'))).status, 401)
  })

  test('every route but /register and /login asks for a token', async () => {
    for (const [method, url] of [
      ['POST', '/task'],
      ['PUT', '/task/1'],
      ['DELETE', '/task/1'],
      ['GET', '/task/1'],
      ['GET', '/tasks'],
      ['POST', '/upload-csv'],
    ] as const) {
      const answer = await app.send(method, url)
      assert.equal(answer.status, 401, url)
      assert.equal(typeof answer.body.error, 'string')
    }
  })

  test('a bad date, page or id is a 400 that names it', async () => {
    for (const [url, name] of [
      ['/tasks?date=2025-02-30', 'date'],
      ['/tasks?date=tomorrow', 'date'],
      ['/tasks?date=2999-01-01', 'date'],
      ['/tasks?page=0', 'page'],
      ['/tasks?page=1e2', 'page'],
      ['/tasks?per_page=101', 'per_page'],
      ['/tasks?colour=red', 'colour'],
      ['/task/0x10', 'id'],
    ] as const) {
      const { status, body } = await app.send('GET', url, { as: john })
      assert.equal(status, 400, url)
      assert.match(body.error, new RegExp(name), url)
    }
  })
})
