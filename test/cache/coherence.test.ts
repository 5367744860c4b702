import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { PageCache } from '../../src/platform/cache.ts'
import type { DataVersion } from '../../src/platform/data-version.ts'
import { CleanupStack, type Person, startApp, type TestApp } from '../support/app.ts'
import { openTransaction } from '../support/database.ts'

const v1 = '/api/v1'

/** Each race that could keep a stale page, brought about step by step. */
describe('a kept page is never stale', () => {
  const cleanup = new CleanupStack()
  let app: TestApp
  let admin: Person
  let id: number

  before(async () => {
    app = await startApp(cleanup)
    admin = await app.person('ada', 'admin')
    id = (await app.send('POST', `${v1}/tasks`, { as: admin, body: { title: 'Version 1' } })).body.id
  })
  after(() => cleanup.run())

  const list = () => app.send('GET', `${v1}/tasks`, { as: admin })
  const outcome = async () => (await list()).headers['x-cache']
  const title = async () => (await list()).body.items.find((task: { id: number }) => task.id === id).title
  const patch = (text: string) => app.send('PATCH', `${v1}/tasks/${id}`, { as: admin, body: { title: text } })
  const sql = async (text: string) => (await app.ctx.db.query<Record<string, string>>({ text })).rows[0]
  const WRITE = `update tasks set title = 'In flight', version = version + 1,
                        valid_from = greatest(clock_timestamp(), valid_from + interval '1 microsecond')`

  test('while a change is under way pages are read and not kept, and it is seen once it is committed', async (t) => {
    const tx = await openTransaction(t, app.databaseUrl)
    await tx.query({ text: `${WRITE} where id = ${id}` })
    for (let i = 0; i < 3; i++) assert.equal(await outcome(), 'bypass')
    assert.notEqual(await title(), 'In flight')
    await tx.commit()
    assert.equal(await title(), 'In flight')
    assert.equal(await outcome(), 'hit')
  })

  test('a change that is rolled back leaves nothing behind', async (t) => {
    const before = await title()
    const tx = await openTransaction(t, app.databaseUrl)
    await tx.query({ text: `${WRITE} where id = ${id}` })
    assert.equal(await outcome(), 'bypass')
    await tx.query({ text: 'rollback' })
    assert.equal(await outcome(), 'miss')
    assert.equal(await outcome(), 'hit')
    assert.equal(await title(), before)
  })

  test('nothing gets between the steps of counting a change, however long they take', async () => {
    const source = (await sql(`select pg_get_functiondef('count_data_change'::regproc) as text`))?.text ?? ''
    const slow = source.replaceAll(/perform [^;]+;/g, 'perform pg_sleep(0.15); $& perform pg_sleep(0.15);')
    assert.equal(slow.match(/pg_sleep/g)?.length, 4)
    await sql(slow)
    try {
      for (let round = 0; round < 2; round++) {
        const text = `Slowly ${round}`
        let isDone = false
        const write = patch(text).then(() => {
          isDone = true
        })
        while (!isDone) await list()
        await write
        assert.equal(await title(), text)
      }
    } finally {
      await sql(source)
    }
  })

  const version = async (): Promise<DataVersion> => {
    const text = `select *, 'all' as scope from data_version`
    const { rows } = await app.ctx.db.query<DataVersion>({ text })
    assert.ok(rows[0])
    return rows[0]
  }
  const current = async () => (await sql(`select title from tasks where id = ${id}`))?.title ?? ''
  const page = async (read: () => Promise<string>, question = 'q') => ({
    ...{ question, isPast: false, reader: admin.id, read, version: await version(), readVersion: version },
  })

  test('a page during whose reading something changed is not kept', async () => {
    const cache = new PageCache(app.ctx.db)
    const read = async () => {
      const text = await current()
      await patch('Changed while it was read')
      return text
    }
    const request = await page(read)
    assert.equal((await cache.get(request)).cache, 'miss')
    // Where it would be found, which is not where one who comes now looks.
    const again = await cache.get({ ...request, read: current })
    assert.notEqual(again.cache, 'hit')
    assert.equal(again.body.toString(), 'Changed while it was read')
  })

  test('a page that somebody read while they were no member is not kept for those who are, though they are again', async () => {
    const cache = new PageCache(app.ctx.db)
    const anna = await app.person('anna')
    const project = await app.send('POST', `${v1}/projects`, { as: admin, body: { name: 'Of members' } })
    const members = `${v1}/projects/${project.body.id}/members`
    const join = () => app.send('POST', members, { as: admin, body: { username: 'anna', role: 'viewer' } })
    await join()
    const read = async () => {
      await app.send('DELETE', `${members}/${anna.id}`, { as: admin })
      const text = 'what is hidden from others'
      await join()
      return text
    }
    const request = await page(read)
    assert.equal((await cache.get(request)).cache, 'miss')
    const again = await cache.get({ ...request, read: async () => 'what members see' })
    assert.notEqual(again.cache, 'hit')
    assert.equal(again.body.toString(), 'what members see')
  })

  test('a page of what somebody could see before is not kept for those who still can', async () => {
    const cache = new PageCache(app.ctx.db)
    const readVersion = async () => ({ ...(await version()), scope: 'less' })
    await cache.get({ ...(await page(async () => 'less')), readVersion })
    assert.equal((await cache.get(await page(async () => 'all'))).body.toString(), 'all')
  })

  test('who comes after a change does not join a reading that began before it', async (t) => {
    const cache = new PageCache(app.ctx.db)
    const tx = await openTransaction(t, app.databaseUrl)
    await tx.query({ text: `${WRITE} where id = ${id}` })
    const { promise: mayAnswer, resolve: answer } = Promise.withResolvers<void>()
    const { promise: hasRead, resolve: read } = Promise.withResolvers<void>()
    const early = cache.get(
      await page(async () => {
        const text = await current()
        read()
        await mayAnswer
        return text
      }),
    )
    await hasRead
    await tx.commit()
    const late = await cache.get(await page(current))
    answer()
    assert.equal(late.body.toString(), 'In flight')
    assert.equal((await early).cache, 'bypass')
  })

  test('after a crash of the database no page from before is found, though the count goes back', async () => {
    const cache = new PageCache(app.ctx.db)
    const before = await page(current)
    await cache.get(before)
    assert.equal((await cache.get(before)).cache, 'hit')
    await patch('After the crash')
    await sql(`select setval('data_changes', ${before.version.changes - 1})`)
    await sql('delete from data_incarnation') // what a crash does to an unlogged table
    const outcomes = []
    for (let i = 0; i < 3; i++) {
      const { cache: outcome, body } = await cache.get(await page(current))
      assert.equal(body.toString(), 'After the crash')
      outcomes.push(outcome)
    }
    assert.deepEqual(outcomes, ['bypass', 'miss', 'hit'])
    assert.equal((await version()).changes, before.version.changes)
  })
})
