import assert from 'node:assert/strict'
import { after, before, describe, type TestContext, test } from 'node:test'
import { type Answer, CleanupStack, multipart, type Person, startApp, type TestApp } from '../support/app.ts'
import { redisUrl } from '../support/redis.ts'

const v1 = '/api/v1'
const DAY = '2021-02-03'

describe('pages of lists', () => {
  const cleanup = new CleanupStack()
  let app: TestApp
  let other: TestApp
  let admin: Person
  let anna: Person
  let bert: Person

  before(async () => {
    const options = { redisUrl: redisUrl(5), worker: true }
    app = await startApp(cleanup, options)
    other = await startApp(cleanup, { ...options, databaseUrl: app.databaseUrl, worker: false })
    admin = await app.person('ada', 'admin')
    anna = await app.person('anna')
    bert = await app.person('bert')
    for (const { ctx } of [app, other]) while (!ctx.redis?.isReady) await new Promise((r) => setTimeout(r, 10))
    await app.ctx.redis?.client.flushDb()
    await create(anna, 'First')
  })
  after(() => cleanup.run())

  const create = async (as: Person, title: string, body: object = {}) =>
    (await app.send('POST', `${v1}/tasks`, { as, body: { title, ...body } })).body.id as number
  const get = (url: string, as: Person = anna, headers: Record<string, string> = {}, on = app) =>
    on.send('GET', url, { as, headers })
  const cacheOf = ({ headers }: Answer) => headers['x-cache']
  const titles = async (url: string, as: Person) =>
    (await get(url, as)).body.items.map(({ title }: { title: string }) => title)

  for (const url of [
    '/tasks',
    `/tasks?date=${DAY}`,
    `${v1}/tasks`,
    `${v1}/tasks?status=pending&q=first`,
    `${v1}/tasks?as_of=${DAY}`,
    `${v1}/tasks?as_of=${DAY}T10:00:00Z`,
    `${v1}/task-log`,
    `${v1}/task-log?date=${DAY}`,
    `${v1}/task-log?from=2021-02-01&to=${DAY}`,
  ]) {
    test(`${url} is read once, then kept in the process, and shared with other processes`, async () => {
      await create(anna, 'Before')
      const first = await get(url)
      assert.equal(first.status, 200, first.text)
      const again = await get(url)
      assert.deepEqual([cacheOf(again), again.text], ['hit', first.text])
      const elsewhere = await get(url, bert, {}, other)
      assert.deepEqual([cacheOf(elsewhere), elsewhere.text], ['hit', first.text])
      assert.equal(again.headers['content-type'], 'application/json; charset=utf-8')
      assert.equal(again.headers['cache-control'], 'private, no-cache')
    })

    test(`${url} answers 304 to who has the page`, async () => {
      const { headers, text } = await get(url)
      const etag = String(headers.etag)
      assert.match(etag, /^"[\w-]{22}"$/)
      for (const known of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
        const answer = await get(url, anna, { 'if-none-match': known })
        assert.deepEqual([answer.status, answer.text, answer.headers.etag], [304, '', etag], known)
        assert.ok(answer.headers['x-cache'] && answer.headers.ratelimit)
      }
      for (const known of ['"x"', etag.replaceAll('"', '')]) {
        const answer = await get(url, anna, { 'if-none-match': known })
        assert.deepEqual([answer.status, answer.text], [200, text], known)
      }
    })
  }

  test('a change makes another page with another ETag, at once and in every process', async () => {
    const before = await get(`${v1}/tasks`)
    await create(anna, 'Newest')
    const known = { 'if-none-match': String(before.headers.etag) }
    const after = await get(`${v1}/tasks`, bert, known, other)
    assert.deepEqual([after.status, cacheOf(after), after.body.items[0].title], [200, 'miss', 'Newest'])
    assert.notEqual(after.headers.etag, before.headers.etag)
  })

  test('the order and the spelling of parameters do not make another page', async () => {
    await create(anna, 'Spelled')
    for (const [one, same] of [
      ['status=active,pending&priority=LOW', 'priority=LOW&status=pending,%20active,active'],
      ['limit=20', 'sort=-created_at'],
      ['label=a,b', 'label=b,a'],
      ['assigned_user=me&limit=7', 'limit=7&assigned_user=%6De'],
    ]) {
      assert.equal(cacheOf(await get(`${v1}/tasks?${one}`)), 'miss', one)
      assert.equal(cacheOf(await get(`${v1}/tasks?${same}`)), 'hit', same)
    }
    assert.equal(cacheOf(await get('/tasks?page=1&per_page=10')), 'miss')
    assert.equal(cacheOf(await get('/tasks')), 'hit')
  })

  test('"me" is somebody else for somebody else', async () => {
    await create(anna, 'Of anna', { assigned_user: 'anna' })
    await create(bert, 'Of bert', { assigned_user: 'bert' })
    const mine = `${v1}/tasks?assigned_user=me`
    for (const round of ['read', 'kept']) {
      assert.deepEqual(await titles(mine, anna), ['Of anna'], round)
      assert.deepEqual(await titles(mine, bert), ['Of bert'], round)
    }
  })

  test('pages of those who see more are never shown to those who see less; a new member sees, a removed one does not', async () => {
    const { body: project } = await app.send('POST', `${v1}/projects`, { as: admin, body: { name: 'Secret' } })
    await create(admin, 'Hidden', { project_id: project.id })
    const members = `${v1}/projects/${project.id}/members`
    const sees = async (as: Person, on = app) => {
      const urls = [`${v1}/tasks?limit=100`, '/tasks?per_page=100', `${v1}/task-log?limit=100`]
      const texts = await Promise.all(urls.map(async (url) => (await get(url, as, {}, on)).text.includes('Hidden')))
      assert.equal(new Set(texts).size, 1)
      return texts[0]
    }
    for (const on of [app, other]) {
      assert.deepEqual([await sees(admin, on), await sees(anna, on), await sees(bert, on)], [true, false, false])
    }
    await app.send('POST', members, { as: admin, body: { username: 'anna', role: 'viewer' } })
    assert.deepEqual([await sees(anna, other), await sees(bert, other), await sees(anna)], [true, false, true])
    await app.send('DELETE', `${members}/${anna.id}`, { as: admin })
    assert.deepEqual([await sees(anna, other), await sees(anna), await sees(admin)], [false, false, true])
    await app.send('PATCH', `${v1}/users/${bert.id}`, { as: admin, body: { role: 'admin' } })
    assert.equal(await sees(bert, other), true)
    await app.send('PATCH', `${v1}/users/${bert.id}`, { as: admin, body: { role: 'user' } })
    assert.equal(await sees(bert, other), false)
  })

  test('pages of the past stay through changes of today, and go when the past changes', async () => {
    const urls = [`/tasks?date=${DAY}`, `${v1}/tasks?as_of=${DAY}`, `${v1}/task-log?date=${DAY}`]
    for (const url of urls) await get(url)
    await create(anna, 'Of today')
    for (const url of urls) assert.equal(cacheOf(await get(url)), 'hit', url)
    await app.send('POST', '/upload-csv', { as: admin, ...multipart('task_name,created_at\nOf old,2/1/2021\n') })
    for (const url of urls) {
      const changed = await get(url)
      assert.deepEqual([cacheOf(changed), changed.text.includes('Of old')], ['miss', true], url)
    }
  })

  test('fifty requests at once for a page that is not kept read it once', async (t) => {
    await create(anna, 'Wanted by many')
    const reads = countStatements(t, app, /^tasks\/list\//)
    const answers = await Promise.all(Array.from({ length: 50 }, () => get(`${v1}/tasks?limit=3`)))
    assert.equal(reads(), 1)
    assert.deepEqual(answers.map(cacheOf).sort(), [...Array(49).fill('hit'), 'miss'])
    assert.equal(new Set(answers.map(({ text }) => text)).size, 1)
  })

  test('a page that is kept costs the one statement that looks at the session', async (t) => {
    await get(`${v1}/tasks?limit=4`)
    const all = countStatements(t, app, /./)
    assert.equal(cacheOf(await get(`${v1}/tasks?limit=4`)), 'hit')
    assert.equal(all(), 1)
  })

  test('how a page was come by is counted', async () => {
    const counts = async () => {
      const { text } = await app.send('GET', '/metrics')
      return ['hit', 'miss', 'bypass'].map((outcome) =>
        Number(new RegExp(`^tasklog_pages_total\\{outcome="${outcome}"\\} (\\d+)$`, 'm').exec(text)?.[1] ?? 0),
      )
    }
    const before = await counts()
    await create(anna, 'Counted')
    const asked = [await get(`${v1}/tasks`), await get(`${v1}/tasks`), await get('/tasks', bert)].map(cacheOf)
    assert.deepEqual(asked, ['miss', 'hit', 'miss'])
    const { headers } = await get(`${v1}/tasks`)
    assert.equal((await get(`${v1}/tasks`, anna, { 'if-none-match': String(headers.etag) })).status, 304)
    const after = await counts()
    assert.deepEqual(
      after.map((count, i) => count - (before[i] ?? 0)),
      [3, 2, 0],
    )
  })
})

/** Of the statements outside of transactions, those with such a name. */
function countStatements(t: TestContext, { ctx }: TestApp, name: RegExp): () => number {
  const query = t.mock.method(ctx.db, 'query')
  const nameOf = (statement: unknown) => String((statement as { name?: string }).name)
  return () => query.mock.calls.filter((call) => name.test(nameOf(call.arguments[0]))).length
}
