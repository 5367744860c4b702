import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { CleanupStack, PASSWORD, type Person, startApp, type TestApp } from '../support/app.ts'
import { assertProblem } from '../support/problem.ts'

const v1 = '/api/v1'

describe('own sessions', () => {
  const cleanup = new CleanupStack()
  let app: TestApp
  let anna: Person
  let bert: Person

  before(async () => {
    app = await startApp(cleanup)
    anna = await app.person('anna')
    bert = await app.person('bert')
  })
  after(() => cleanup.run())

  const list = async (as: Person) => (await app.send('GET', `${v1}/auth/sessions`, { as })).body.items
  const current = async (as: Person) => (await list(as)).find((session: { current: boolean }) => session.current).id
  const revoke = (as: Person, id: string) => app.send('DELETE', `${v1}/auth/sessions/${id}`, { as })
  const logout = (as: Person) => app.send('POST', `${v1}/auth/logout`, { as })
  const isAlive = async (person: Person) => {
    const { status } = await app.send('GET', `${v1}/users/me`, { as: person })
    return status === 200
  }
  const canRefresh = async ({ refreshToken }: Person) => {
    const answer = await app.send('POST', `${v1}/auth/refresh`, { body: { refresh_token: refreshToken } })
    return answer.status === 200
  }

  test('the list shows where each session was opened, newest first, and none of its secrets', async () => {
    const carl = await app.person('carl')
    await app.send('POST', '/login', {
      body: { username: 'carl', password: PASSWORD },
      headers: { 'user-agent': `Browser/1 ${'x'.repeat(400)}` },
      address: '203.0.113.9',
    })
    const items = await list(carl)
    assert.deepEqual(
      items.map(({ current, address }: { current: boolean; address: string }) => [current, address]),
      [
        [false, '203.0.113.9'],
        [true, '127.0.0.1'],
      ],
    )
    assert.match(items[0].user_agent, /^Browser\/1 x{290}$/)
    assert.deepEqual(Object.keys(items[0]).sort(), [
      'address',
      'created_at',
      'current',
      'expires_at',
      'id',
      'last_used_at',
      'user_agent',
    ])
    for (const member of ['created_at', 'last_used_at', 'expires_at']) {
      assert.equal(new Date(items[0][member]).toISOString(), items[0][member])
    }
    const days = (Date.parse(items[0].expires_at) - Date.now()) / 86_400_000
    assert.ok(days > 29.9 && days <= 30, `${days}`)
  })

  test('an ended session is gone from the list, and its tokens are dead with the next request', async () => {
    const other = await app.login('anna')
    const id = await current(other)
    assert.equal((await revoke(anna, id)).status, 204)
    assert.equal(await isAlive(other), false)
    assert.equal(await canRefresh(other), false)
    assert.ok((await list(anna)).every((session: { id: string }) => session.id !== id))
    assertProblem(await revoke(anna, id), 404, 'SESSION_NOT_FOUND')
    assert.equal(await isAlive(anna), true)
  })

  test('the session of somebody else answers 404, byte for byte like one that never was, and lives on', async () => {
    const foreign = await revoke(anna, await current(bert))
    assertProblem(foreign, 404, 'SESSION_NOT_FOUND')
    assert.equal(foreign.text, (await revoke(anna, randomUUID())).text)
    assert.equal(await isAlive(bert), true)
  })

  test('one can end the session one is in', async () => {
    const session = await app.login('anna')
    assert.equal((await revoke(session, await current(session))).status, 204)
    assert.equal(await isAlive(session), false)
  })

  test('a log out ends this session and no other', async () => {
    const [one, two] = [await app.login('bert'), await app.login('bert')]
    assert.equal((await logout(one)).status, 204)
    assert.equal(await isAlive(one), false)
    assert.equal(await canRefresh(one), false)
    assertProblem(await logout(one), 401, 'INVALID_TOKEN')
    assert.equal(await isAlive(two), true)
  })

  test('what has not the shape of a session id is no session', async () => {
    for (const id of ['1', 'x', '-'.repeat(36), 'f'.repeat(36), randomUUID().toUpperCase(), `${randomUUID()}0`]) {
      const answer = await revoke(anna, id)
      assertProblem(answer, [400, 404].includes(answer.status) ? answer.status : 404)
    }
  })

  test('an expired session answers 401, whatever its tokens say, and is not listed', async () => {
    const session = await app.login('anna')
    const id = await current(session)
    await app.ctx.db.query({ text: `update sessions set expires_at = now() where id = $1`, values: [id] })
    assert.equal(await isAlive(session), false)
    assert.equal(await canRefresh(session), false)
    assert.ok((await list(anna)).every((item: { id: string }) => item.id !== id))
  })
})
