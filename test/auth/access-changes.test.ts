import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import pg from 'pg'
import { CleanupStack, PASSWORD, type Person, startApp, type TestApp } from '../support/app.ts'

const v1 = '/api/v1'

describe('what decides who may do what counts from the next request on, in every process', () => {
  const cleanup = new CleanupStack()
  let app: TestApp
  /** Another process: nothing of what happens is told to it. */
  let other: TestApp
  let admin: Person
  let project: number
  let people = 0

  before(async () => {
    app = await startApp(cleanup)
    other = await startApp(cleanup, { databaseUrl: app.databaseUrl })
    admin = await app.person('admin', 'admin')
    project = (await app.send('POST', `${v1}/projects`, { as: admin, body: { name: 'Secret' } })).body.id
    const task = { title: 'Secret', project_id: project }
    assert.equal((await app.send('POST', `${v1}/tasks`, { as: admin, body: task })).status, 201)
  })
  after(() => cleanup.run())

  const someone = (role?: 'admin') => app.person(`person-${++people}`, role)
  const sql = (text: string, ...values: unknown[]) => app.ctx.db.query({ text, values })
  const members = `${v1}/projects/`
  const join = (person: Person, role = 'viewer') =>
    app.send('POST', `${members}${project}/members`, { as: admin, body: { username: person.username, role } })

  /** Status, and how many tasks of the project the other process shows. */
  async function sees(person: Person): Promise<[number, number | undefined]> {
    const { status, body } = await other.send('GET', `${v1}/tasks?project_id=${project}`, { as: person })
    return [status, body.items?.length]
  }

  const OUT: [string, (person: Person) => Promise<unknown>][] = [
    ['a logout', (person) => app.send('POST', `${v1}/auth/logout`, { as: person })],
    [
      'a new password, for other sessions',
      async ({ username }) => {
        const elsewhere = await app.login(username)
        const body = { current_password: PASSWORD, new_password: 'loud-otter-weeps-9' }
        const { status } = await app.send('POST', `${v1}/auth/password`, { as: elsewhere, body })
        assert.ok(status < 300)
      },
    ],
    ['a disabling', ({ id }) => app.send('POST', `${v1}/users/${id}/disable`, { as: admin })],
    ['a disabling by hand', ({ id }) => sql('update users set disabled_at = now() where id = $1', id)],
    ['an end that is set by hand', ({ id }) => sql('update sessions set expires_at = now() where user_id = $1', id)],
    ['sessions that are deleted by hand', ({ id }) => sql('delete from sessions where user_id = $1', id)],
  ]
  for (const [what, happen] of OUT) {
    test(`${what}: 401`, async () => {
      const person = await someone()
      assert.deepEqual(await sees(person), [200, 0])
      await happen(person)
      assert.equal((await sees(person))[0], 401)
    })
  }

  test('a session ends at its end', async () => {
    const person = await someone()
    await sql(`update sessions set expires_at = now() + interval '1 s' where user_id = $1`, person.id)
    assert.equal((await sees(person))[0], 200)
    const { rows } = await sql(
      'select clock_timestamp() < expires_at as lives from sessions where user_id = $1',
      person.id,
    )
    assert.equal(rows[0]?.lives, true)
    await sql('select pg_sleep(1.1)')
    assert.equal((await sees(person))[0], 401)
  })

  test('another role', async () => {
    const person = await someone()
    assert.deepEqual(await sees(person), [200, 0])
    await app.send('PATCH', `${v1}/users/${person.id}`, { as: admin, body: { role: 'admin' } })
    assert.deepEqual(await sees(person), [200, 1])
    await app.send('PATCH', `${v1}/users/${person.id}`, { as: admin, body: { role: 'user' } })
    assert.deepEqual(await sees(person), [200, 0])
  })

  test('to become a member, and to be one no more', async () => {
    const person = await someone()
    assert.deepEqual(await sees(person), [200, 0])
    assert.equal((await join(person)).status, 201)
    assert.deepEqual(await sees(person), [200, 1])
    await app.send('DELETE', `${members}${project}/members/${person.id}`, { as: admin })
    assert.deepEqual(await sees(person), [200, 0])
  })

  test('who is no member any more is not given what is kept for those who are', async () => {
    const [stays, leaves] = [await someone(), await someone()]
    for (const person of [stays, leaves]) await join(person)
    for (const person of [stays, leaves, stays, leaves]) assert.deepEqual(await sees(person), [200, 1])
    await app.send('DELETE', `${members}${project}/members/${leaves.id}`, { as: admin })
    for (let i = 0; i < 3; i++) assert.deepEqual(await sees(stays), [200, 1])
    assert.deepEqual(await sees(leaves), [200, 0])
  })

  test('another name, which no new password may be', async () => {
    const person = await someone()
    assert.equal((await sees(person))[0], 200)
    await sql(`update users set username = 'zebra-marmalade-77' where id = $1`, person.id)
    const body = { current_password: PASSWORD, new_password: 'zebra-marmalade-77' }
    const refused = await other.send('POST', `${v1}/auth/password`, { as: person, body })
    assert.equal(refused.status, 400)
    assert.match(refused.text, /new_password/)
  })

  test('a change that is not committed yet neither counts nor is forgotten', async (t) => {
    const person = await someone()
    const client = new pg.Client(app.databaseUrl)
    await client.connect()
    t.after(() => client.end())
    await client.query('begin')
    await client.query('update sessions set revoked_at = now() where user_id = $1', [person.id])
    assert.equal((await sees(person))[0], 200)
    await client.query('commit')
    assert.equal((await sees(person))[0], 401)
  })

  test('nobody waits for a change that somebody else has not committed', async (t) => {
    const person = await someone()
    const open = await Promise.all(
      Array.from({ length: 15 }, async () => {
        const client = new pg.Client(app.databaseUrl)
        await client.connect()
        t.after(() => client.end())
        await client.query('begin')
        await client.query('delete from sessions where false')
        return client
      }),
    )
    assert.equal((await app.send('POST', `${v1}/auth/logout`, { as: person })).status, 204)
    assert.equal((await sees(person))[0], 401)
    const { rows } = await sql('select sum(changes)::int as changes from access_changes')
    for (const client of open) await client.query('commit')
    const after = await sql('select sum(changes)::int as changes from access_changes')
    assert.equal(Number(after.rows[0]?.changes), Number(rows[0]?.changes) + 15)
  })

  test('as long as nothing is counted, no session is read', async (t) => {
    const person = await someone()
    assert.equal((await sees(person))[0], 200)
    const client = new pg.Client(app.databaseUrl)
    await client.connect()
    t.after(() => client.end())
    await client.query('set session_replication_role = replica') // no triggers
    await client.query('update sessions set revoked_at = now() where user_id = $1', [person.id])
    assert.equal((await sees(person))[0], 200)
    await join(await someone()) // which is counted
    assert.equal((await sees(person))[0], 401)
  })
})
