import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CleanupStack, PASSWORD, type Person, startApp, type TestApp } from '../support/app.ts'
import { openTransaction } from '../support/database.ts'
import { assertPointsTo, assertProblem } from '../support/problem.ts'

const NEXT = 'brave-heron-whistles'
const v1 = '/api/v1'

describe('accounts', () => {
  const cleanup = new CleanupStack()
  let app: TestApp
  /** Another process over the same database. */
  let second: TestApp
  let admin: Person
  let counter = 0

  before(async () => {
    app = await startApp(cleanup)
    second = await startApp(cleanup, { databaseUrl: app.databaseUrl })
    admin = await app.person('root_admin', 'admin')
  })
  after(() => cleanup.run())

  const someone = (role?: 'user' | 'admin') => app.person(`someone_${++counter}`, role)
  const me = (as: Person, on = app) => on.send('GET', `${v1}/users/me`, { as })
  const refresh = (person: Person) =>
    app.send('POST', `${v1}/auth/refresh`, { body: { refresh_token: person.refreshToken } })
  const change = (as: Person, current_password: string, new_password: string) =>
    app.send('POST', `${v1}/auth/password`, { as, body: { current_password, new_password } })
  const login = (username: string, password: string, on = app) =>
    on.send('POST', `${v1}/auth/login`, { body: { username, password } })
  const setRole = (as: Person, id: number, role: string, on = app) =>
    on.send('PATCH', `${v1}/users/${id}`, { as, body: { role } })
  const disable = (as: Person, id: number) => app.send('POST', `${v1}/users/${id}/disable`, { as })
  const enable = (id: number) => app.send('POST', `${v1}/users/${id}/enable`, { as: admin })

  async function assertEnded(session: Person): Promise<void> {
    assertProblem(await me(session), 401, 'INVALID_TOKEN')
    assertProblem(await me(session, second), 401, 'INVALID_TOKEN')
    assertProblem(await refresh(session), 401, 'INVALID_REFRESH_TOKEN')
  }

  test('a new password ends every other session at once, in every process, and keeps the one that asked', async () => {
    const here = await someone()
    const elsewhere = await app.login(here.username)
    assert.equal((await me(elsewhere, second)).status, 200)
    assert.equal((await change(here, PASSWORD, NEXT)).status, 204)
    await assertEnded(elsewhere)
    assert.equal((await me(here)).status, 200)
    assert.equal((await refresh(here)).status, 200)
    assertProblem(await login(here.username, PASSWORD), 401)
    assert.equal((await login(here.username, NEXT)).status, 200)
  })

  test('a wrong current password answers 403 and changes nothing; a weak new one answers 400', async () => {
    const person = await someone()
    assertProblem(await change(person, 'not my password', NEXT), 403, 'WRONG_CURRENT_PASSWORD')
    assertPointsTo(await change(person, PASSWORD, 'password'), '/new_password')
    assertPointsTo(await change(person, PASSWORD, person.username.toUpperCase()), '/new_password')
    assert.equal((await login(person.username, PASSWORD)).status, 200)
  })

  test('wrong current passwords count as attempts to log in', async (t) => {
    const strict = await startApp(t, { databaseUrl: app.databaseUrl, env: { RATE_LIMIT_LOGIN_ACCOUNT: '3/900' } })
    const person = await someone()
    const body = { current_password: 'not my password', new_password: NEXT }
    for (let i = 0; i < 3; i++) {
      assertProblem(await strict.send('POST', `${v1}/auth/password`, { as: person, body }), 403)
    }
    const right = { current_password: PASSWORD, new_password: NEXT }
    assertProblem(await strict.send('POST', `${v1}/auth/password`, { as: person, body: right }), 429)
    assertProblem(await login(person.username, PASSWORD, strict), 429)
  })

  test('no token of another session survives a new password that races its refreshes', async () => {
    const owner = await someone()
    const thief = await app.login(owner.username)
    const racing = Array.from({ length: 30 }, () => refresh(thief))
    const [changed, ...answers] = await Promise.all([change(owner, PASSWORD, NEXT), ...racing])
    assert.equal(changed?.status, 204)
    for (const { status, body } of answers.filter((answer) => answer.status === 200)) {
      assert.equal(status, 200)
      await assertEnded({ ...thief, token: body.access_token, refreshToken: body.refresh_token })
    }
    await assertEnded(thief)
  })

  // The moment between the look at the password and the new session, held open by a lock.
  for (const [what, statement] of [
    ['a new password', `update users set password_hash = 'another' where id = $1`],
    ['a disabling', 'update users set disabled_at = now() where id = $1'],
  ] as const) {
    test(`a login that began before ${what} is refused when it ends after`, async (t) => {
      const person = await someone()
      const tx = await openTransaction(t, app.databaseUrl)
      await tx.query({ text: statement, values: [person.id] })
      const late = login(person.username, PASSWORD)
      await tx.someoneWaits()
      await tx.commit()
      assertProblem(await late, 401, 'INVALID_CREDENTIALS')
    })
  }

  test('a new password does not undo one that was set while it was checked', async (t) => {
    const person = await someone()
    const tx = await openTransaction(t, app.databaseUrl)
    await tx.query({ text: `update users set password_hash = 'another' where id = $1`, values: [person.id] })
    const late = change(person, PASSWORD, NEXT)
    await tx.someoneWaits()
    await tx.commit()
    assertProblem(await late, 403, 'WRONG_CURRENT_PASSWORD')
  })

  test('a disabled user is out with the next request, everywhere; enabling revives no session', async () => {
    const person = await someone()
    const answer = await disable(admin, person.id)
    assert.equal(answer.body.disabled, true)
    await assertEnded(person)
    assertProblem(await login(person.username, PASSWORD), 401, 'INVALID_CREDENTIALS')
    assert.equal((await enable(person.id)).body.disabled, false)
    await assertEnded(person)
    assert.equal((await login(person.username, PASSWORD)).status, 200)
  })

  test('disabling again changes nothing; a user who never was is 404', async () => {
    const person = await someone()
    for (let i = 0; i < 2; i++) assert.equal((await disable(admin, person.id)).status, 200)
    assertProblem(await disable(admin, 999_999), 404, 'USER_NOT_FOUND')
    assertProblem(await enable(999_999), 404, 'USER_NOT_FOUND')
    assertProblem(await setRole(admin, 999_999, 'user'), 404, 'USER_NOT_FOUND')
    assertProblem(await app.send('GET', `${v1}/users/999999`, { as: admin }), 404, 'USER_NOT_FOUND')
  })

  test('a demotion and a promotion count from the next request on, with the same token, in every process', async () => {
    const person = await someone('admin')
    const list = (on: TestApp) => on.send('GET', `${v1}/users`, { as: person })
    for (const on of [app, second]) assert.equal((await list(on)).status, 200)
    await setRole(admin, person.id, 'user')
    for (const on of [app, second]) assertProblem(await list(on), 403, 'ADMIN_REQUIRED')
    await setRole(admin, person.id, 'admin')
    for (const on of [app, second]) assert.equal((await list(on)).status, 200)
    await setRole(admin, person.id, 'user')
  })

  test('the last administrator can be neither demoted nor disabled', async () => {
    const disabledAdmin = await someone('admin')
    await disable(admin, disabledAdmin.id)
    assertProblem(await setRole(admin, admin.id, 'user'), 409, 'LAST_ADMINISTRATOR')
    assertProblem(await disable(admin, admin.id), 409, 'LAST_ADMINISTRATOR')
    assert.equal((await me(admin)).body.role, 'admin')
  })

  test('of two administrators who turn on each other at once, in two processes, one stays', async () => {
    const other = await someone('admin')
    for (let round = 0; round < 5; round++) {
      const answers = await Promise.all([
        setRole(admin, other.id, 'user', app),
        round % 2
          ? second.send('POST', `${v1}/users/${admin.id}/disable`, { as: other })
          : setRole(other, admin.id, 'user', second),
      ])
      const statuses = answers.map((answer) => answer.status).sort()
      // 401 when the other was disabled before their own request was looked at.
      assert.ok(statuses[0] === 200 && [401, 403, 409].includes(statuses[1] ?? 0), `${statuses}`)
      const { rows } = await app.ctx.db.query({
        text: `update users set role = 'admin', disabled_at = null where id = any($1)
               returning (select count(*) from users where role = 'admin' and disabled_at is null) as before`,
        values: [[admin.id, other.id]],
      })
      assert.equal(rows[0]?.before, 1)
      if (round % 2) admin = await app.login(admin.username)
    }
  })

  test('a user made by an administrator has the role asked for, user unless said', async () => {
    const make = (body: object) => app.send('POST', `${v1}/users`, { as: admin, body })
    assert.equal((await make({ username: 'made_plain', password: PASSWORD })).body.role, 'user')
    assert.equal((await make({ username: 'made_admin', password: PASSWORD, role: 'admin' })).body.role, 'admin')
    assertPointsTo(await make({ username: 'made_odd', password: PASSWORD, role: 'owner' }), '/role')
    assertPointsTo(await make({ username: 'made_weak', password: '12345678' }), '/password')
    assertProblem(await make({ username: 'MADE_PLAIN', password: PASSWORD }), 409, 'USERNAME_TAKEN')
  })
})
