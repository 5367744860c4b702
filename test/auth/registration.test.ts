import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CleanupStack, PASSWORD, startApp, type TestApp } from '../support/app.ts'
import { cpuMs } from '../support/cpu.ts'
import { assertPointsTo, assertProblem } from '../support/problem.ts'

const SURFACES = ['/register', '/api/v1/auth/register']

describe('registration', () => {
  const cleanup = new CleanupStack()
  let app: TestApp
  let counter = 0

  before(async () => {
    app = await startApp(cleanup)
    await app.auth.createUser({ username: 'Taken_Name', password: PASSWORD }, 'user')
  })
  after(() => cleanup.run())

  const fresh = () => `person_${++counter}`
  const register = (body: object, url = '/api/v1/auth/register') => app.send('POST', url, { body })
  const count = async (role = '%') => {
    const { rows } = await app.ctx.db.query<{ n: number }>({
      text: 'select count(*) as n from users where role like $1',
      values: [role],
    })
    return rows[0]?.n
  }

  test('the answer describes the new user and holds no password', async () => {
    const username = fresh()
    const answer = await register({ username, email: 'anna@example.org', password: PASSWORD })
    assert.equal(answer.status, 201)
    const { id, created_at, ...rest } = answer.body
    assert.deepEqual(rest, { username, email: 'anna@example.org', role: 'user', disabled: false })
    assert.ok(Number.isInteger(id) && !Number.isNaN(Date.parse(created_at)))
    assert.doesNotMatch(answer.text, /password|argon/)
  })

  test('a password is stored as an argon2id hash', async () => {
    const username = fresh()
    await register({ username, password: PASSWORD })
    const { rows } = await app.ctx.db.query<{ password_hash: string }>({
      text: 'select password_hash from users where username = $1',
      values: [username],
    })
    assert.match(rows[0]?.password_hash ?? '', /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  })

  for (const url of SURFACES) {
    for (const member of ['role', 'is_admin', 'id', 'token_version', 'createdAt', 'disabled', 'password_hash']) {
      test(`${url} refuses the member ${member} and makes nobody`, async () => {
        const [users, admins] = [await count(), await count('admin')]
        const answer = await register({ username: fresh(), password: PASSWORD, [member]: 'admin' }, url)
        assertPointsTo(answer, `/${member}`)
        assert.deepEqual([await count(), await count('admin')], [users, admins])
      })
    }

    test(`${url} answers 409 for a name that is taken, however it is written`, async () => {
      for (const username of ['Taken_Name', 'taken_name', 'TAKEN_NAME']) {
        assertProblem(await register({ username, password: PASSWORD }, url), 409, 'USERNAME_TAKEN')
      }
    })
  }

  test('of many who register one name at once, one gets it', async () => {
    const username = fresh()
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        register({ username: i % 2 ? username : username.toUpperCase(), password: PASSWORD }),
      ),
    )
    assert.deepEqual(answers.map((answer) => answer.status).sort(), [201, ...Array(7).fill(409)])
    assert.equal(await count('admin'), 0)
  })

  for (const username of ['a', '', 'a'.repeat(65), 'two words', 'späte', 'a/b', 'a@b', 'a\n', 'ＡＢ', '../x', 'a%b']) {
    test(`the username ${JSON.stringify(username).slice(0, 20)} is refused`, async () => {
      assertPointsTo(await register({ username, password: PASSWORD }), '/username')
    })
  }

  for (const username of ['me', 'none', 'Me', 'NONE']) {
    test(`the username ${username} is refused: a filter has that word`, async () => {
      assertPointsTo(await register({ username, password: PASSWORD }), '/username')
    })
  }

  for (const username of ['ab', 'a'.repeat(64), 'john.doe-2_x']) {
    test(`the username ${username.slice(0, 20)} is taken as it is`, async () => {
      assert.equal((await register({ username, password: PASSWORD })).body.username, username)
    })
  }

  for (const email of ['a@b.co', 'very.common+tag@mail.example.org', 'jürgen@exämple.at', null]) {
    test(`the email ${email} is taken`, async () => {
      const answer = await register({ username: fresh(), email, password: PASSWORD })
      assert.equal(answer.status, 201)
      assert.equal(answer.body.email, email)
    })
  }

  for (const email of [
    '',
    'a',
    'a@b',
    '@b.co',
    'a@',
    'a@.co',
    'a@b..co',
    'a@@b.co',
    'a b@c.de',
    'a@b c.de',
    'a@b.co\r\nBcc: x@y.zz',
    `${'a'.repeat(250)}@b.co`,
  ]) {
    test(`the email ${JSON.stringify(email).slice(0, 30)} is refused`, async () => {
      assertPointsTo(await register({ username: fresh(), email, password: PASSWORD }), '/email')
    })
  }

  test('a body full of almost-emails is refused at once, not searched for minutes', async () => {
    for (const email of [`a@${'a.'.repeat(500_000)} `, `${'a'.repeat(1_000_000)}@`, `${'@'.repeat(1_000_000)}`]) {
      const cost = await cpuMs(async () => {
        assertPointsTo(await register({ username: fresh(), email, password: PASSWORD }), '/email')
      })
      assert.ok(cost < 1_000, `${cost} ms`)
    }
  })

  for (const [password, reason] of [
    ['short7!', /at least 8/],
    ['🦊'.repeat(7), /at least 8/],
    ['x1'.repeat(101), /at most 200/],
    ['password', /common/],
    ['PassWord', /common/],
    ['12345678', /common/],
  ] as const) {
    test(`the password ${password.slice(0, 20)} is refused with the reason, and not repeated`, async () => {
      const answer = await register({ username: fresh(), password })
      assertPointsTo(answer, '/password')
      assert.match(answer.body.error, reason)
      if (password !== 'password') assert.ok(!answer.text.includes(password))
    })
  }

  test('a password equal to the username is refused', async () => {
    const username = 'Margarete.Steiff'
    assertPointsTo(await register({ username, password: username.toLowerCase() }), '/password')
  })

  test('twenty lower-case letters are a password, and so are 200 emoji', async () => {
    for (const password of ['thequietotterlaughsx', '🦊'.repeat(200)]) {
      const username = fresh()
      assert.equal((await register({ username, password })).status, 201)
      assert.ok((await app.login(username, password)).token)
    }
  })

  test('closed registration answers 403 on both surfaces; an administrator still makes accounts', async (t) => {
    const closed = await startApp(t, { databaseUrl: app.databaseUrl, env: { REGISTRATION: 'closed' } })
    for (const url of SURFACES) {
      const answer = await closed.send('POST', url, { body: { username: fresh(), password: PASSWORD } })
      assertProblem(answer, 403, 'REGISTRATION_CLOSED')
    }
    const admin = await closed.person('closing_admin', 'admin')
    const body = { username: fresh(), password: PASSWORD, role: 'admin' }
    const made = await closed.send('POST', '/api/v1/users', { as: admin, body })
    assert.equal(made.status, 201)
    assert.equal(made.body.role, 'admin')
    const found = await closed.send('GET', String(made.headers.location), { as: admin })
    assert.deepEqual(found.body, made.body)
  })
})
