import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, hkdfSync } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose'
import { Tokens } from '../../src/auth/tokens.ts'
import { sessionOf } from '../policy/world.ts'
import { CleanupStack, type Person, startApp, type TestApp } from '../support/app.ts'
import { cpuMs } from '../support/cpu.ts'
import { assertProblem } from '../support/problem.ts'

const v1 = '/api/v1'

describe('access tokens', () => {
  const cleanup = new CleanupStack()
  let app: TestApp
  let anna: Person
  let admin: Person
  let key: Uint8Array

  before(async () => {
    app = await startApp(cleanup)
    anna = await app.person('anna')
    admin = await app.person('ada', 'admin')
    key = new Uint8Array(hkdfSync('sha256', app.ctx.config.jwtSecretKey ?? '', '', 'tasklog-access-token', 32))
  })
  after(() => cleanup.run())

  const me = (token: string, on = app) => on.send('GET', `${v1}/users/me`, { as: token })
  const refuse = async (token: string, why: string) => assertProblem(await me(token), 401, 'INVALID_TOKEN', why)
  const part = (token: string, index: number) =>
    JSON.parse(Buffer.from(token.split('.')[index] ?? '', 'base64url').toString())
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const genuineHeader = (): JWTHeaderParameters => part(anna.token, 0)
  const genuineClaims = (): JWTPayload => part(anna.token, 1)

  /** Signed with the service's own key, and wrong only where the test says so. */
  function sign(header: object = {}, claims: object = {}, signingKey: Parameters<SignJWT['sign']>[0] = key) {
    const payload = JSON.parse(JSON.stringify({ ...genuineClaims(), ...claims }))
    return new SignJWT(payload)
      .setProtectedHeader(JSON.parse(JSON.stringify({ ...genuineHeader(), ...header })))
      .sign(signingKey)
  }

  test('a token signed like ours works: what is refused below is refused for its one fault', async () => {
    assert.equal((await me(await sign())).body.username, 'anna')
  })

  test('the header names algorithm, type and key; the claims hold no name, role or address', () => {
    assert.deepEqual(Object.keys(genuineHeader()).sort(), ['alg', 'kid', 'typ'])
    assert.deepEqual(Object.keys(genuineClaims()).sort(), ['aud', 'exp', 'iat', 'iss', 'sid', 'sub'])
  })

  for (const alg of ['none', 'None', 'nOnE', 'NONE', '', 'hs256']) {
    test(`alg ${JSON.stringify(alg)} is refused, with and without a signature`, async () => {
      const unsigned = `${encode({ ...genuineHeader(), alg })}.${anna.token.split('.')[1]}`
      for (const signature of ['', anna.token.split('.')[2]]) await refuse(`${unsigned}.${signature}`, alg)
      await refuse(unsigned, alg)
    })
  }

  test('another algorithm is refused, also with the right key', async () => {
    for (const [alg, hash] of [
      ['HS384', 'sha384'],
      ['HS512', 'sha512'],
    ] as const) {
      const content = `${encode({ ...genuineHeader(), alg })}.${encode(genuineClaims())}`
      await refuse(`${content}.${createHmac(hash, key).update(content).digest('base64url')}`, alg)
    }
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    await refuse(await sign({ alg: 'RS256' }, {}, privateKey), 'RS256')
    const [, claims, signature] = (await sign()).split('.')
    await refuse(`${encode({ ...genuineHeader(), alg: 'RS256' })}.${claims}.${signature}`, 'RS256 over HS256')
  })

  test('a key that is not ours is refused, also one sent along in the header', async () => {
    const mine = Buffer.alloc(32, 7)
    await refuse(await sign({}, {}, mine), 'another key')
    await refuse(await sign({}, {}, Buffer.from(app.ctx.config.jwtSecretKey ?? '')), 'the secret itself')
    const jwk = { kty: 'oct', k: mine.toString('base64url') }
    for (const header of [{ jwk }, { jku: 'http://127.0.0.1:9/keys' }, { x5u: 'http://127.0.0.1:9/cert' }]) {
      await refuse(await sign(header, {}, mine), JSON.stringify(header))
    }
  })

  test('edited claims are refused', async () => {
    const [header, , signature] = anna.token.split('.')
    for (const change of [
      { sub: String(admin.id) },
      { exp: 9_999_999_999 },
      { sid: sessionOf(admin.token) },
      { role: 'admin' },
    ]) {
      await refuse(`${header}.${encode({ ...genuineClaims(), ...change })}.${signature}`, JSON.stringify(change))
    }
  })

  for (const [why, claims] of [
    ['another issuer', { iss: 'tasklog2' }],
    ['no issuer', { iss: undefined }],
    ['another audience', { aud: 'tasklog' }],
    ['no audience', { aud: undefined }],
    ['expired', { exp: 1_000_000_000 }],
    ['no end', { exp: undefined }],
    ['an end that is no number', { exp: 'never' }],
    ['not begun', { nbf: 9_999_999_999 }],
    ['no time of issue', { iat: undefined }],
    ['no user', { sub: undefined }],
    ['a user that is no id', { sub: '1 or 1=1' }],
    ['a huge user id', { sub: '9'.repeat(30) }],
    ['no session', { sid: undefined }],
    ['a session that is no uuid', { sid: "' or true --" }],
    ['a session that never was', { sid: '00000000-0000-4000-8000-000000000000' }],
  ] as const) {
    test(`refused though signed by us: ${why}`, async () => refuse(await sign({}, claims), why))
  }

  test('a session works for its own user only', async () => {
    await refuse(await sign({}, { sub: String(admin.id) }), 'my session as an administrator')
    await refuse(await sign({}, { sid: sessionOf(admin.token) }), 'the session of an administrator as me')
  })

  test('a role in a token means nothing', async () => {
    const token = await sign({}, { role: 'admin', is_admin: true })
    assertProblem(await app.send('GET', `${v1}/users`, { as: token }), 403, 'ADMIN_REQUIRED')
  })

  for (const [why, header] of [
    ['another type', { typ: 'JWT' }],
    ['the type of a refresh token', { typ: 'rt+jwt' }],
    ['no type', { typ: undefined }],
    ['no key id', { kid: undefined }],
    ['a path as key id', { kid: '../../dev/null' }],
    ['SQL as key id', { kid: "' union select 'x" }],
    ['a key id of 1 kB', { kid: 'k'.repeat(1_000) }],
    ['a key id that is no text', { kid: 7 }],
  ] as const) {
    test(`refused though signed by us: ${why}`, async () => refuse(await sign(header), why))
  }

  test('critical headers are refused, known to the library or not', async () => {
    const [, claims, signature] = (await sign()).split('.')
    for (const crit of [['b64'], ['exp'], ['x'], [], 'b64', null]) {
      await refuse(
        `${encode({ ...genuineHeader(), crit, b64: false, x: 1 })}.${claims}.${signature}`,
        JSON.stringify(crit),
      )
    }
  })

  test('huge and broken tokens are refused at once', async () => {
    const cost = await cpuMs(async () => {
      for (const token of [
        'x',
        '.',
        '..',
        '...',
        'a.b.c',
        'e30.e30.e30',
        '='.repeat(50),
        'a'.repeat(3_000),
        'a.'.repeat(500_000),
      ]) {
        await refuse(token, token.slice(0, 20))
      }
      await refuse(await sign({}, { padding: 'x'.repeat(3_000) }), 'a genuine one of more than 2 kB')
    })
    assert.ok(cost < 1_000, `${cost} ms`)
  })

  test('a refresh token is no access token, and an access token no refresh token', async () => {
    await refuse(anna.refreshToken, 'refresh token')
    const body = { refresh_token: anna.token }
    assertProblem(await app.send('POST', `${v1}/auth/refresh`, { body }), 401, 'INVALID_REFRESH_TOKEN')
  })

  test('only an Authorization header of the scheme Bearer carries a token', async () => {
    const send = (headers: Record<string, string>, query = '') => app.send('GET', `${v1}/users/me${query}`, { headers })
    assert.equal((await send({ authorization: `bearer ${anna.token}` })).status, 200)
    assertProblem(await send({}), 401, 'AUTHENTICATION_REQUIRED')
    for (const authorization of [
      '',
      'Bearer',
      'Bearer ',
      `Basic ${anna.token}`,
      anna.token,
      `Bearer ${anna.token} x`,
      `Bearer ${anna.token},`,
    ]) {
      const answer = await send({ authorization })
      assertProblem(answer, 401, 'INVALID_TOKEN', authorization)
      assert.match(String(answer.headers['www-authenticate']), /^Bearer realm="tasklog"/)
    }
    assertProblem(await send({ cookie: `access_token=${anna.token}` }), 401, 'AUTHENTICATION_REQUIRED')
    assertProblem(await send({}, `?access_token=${anna.token}`), 401, 'AUTHENTICATION_REQUIRED')
  })

  test('with a new key, tokens of the one before are taken until it is dropped', async (t) => {
    const before = app.ctx.config.jwtSecretKey ?? ''
    const next = 'a second key for tests only: 9876543210'
    const over = (env: Record<string, string>) => startApp(t, { databaseUrl: app.databaseUrl, env })
    const rotated = await over({ JWT_SECRET_KEY: next, JWT_SECRET_KEY_PREVIOUS: before })
    const dropped = await over({ JWT_SECRET_KEY: next })
    const old = await app.login('anna')
    assert.equal((await me(old.token, rotated)).status, 200)
    assertProblem(await me(old.token, dropped), 401, 'INVALID_TOKEN')
    const refreshAt = (on: TestApp, refresh_token: string) =>
      on.send('POST', `${v1}/auth/refresh`, { body: { refresh_token } })
    assertProblem(await refreshAt(dropped, old.refreshToken), 401)
    const { status, body } = await refreshAt(rotated, old.refreshToken)
    assert.equal(status, 200)
    assert.notEqual(part(body.access_token, 0).kid, genuineHeader().kid)
    assert.equal((await me(body.access_token, dropped)).status, 200)
    assert.equal((await refreshAt(dropped, body.refresh_token)).status, 200)
    assertProblem(await me(body.access_token, app), 401, 'INVALID_TOKEN', 'the old process does not know the new key')
  })

  test('a token ends when it says, also one that was used before', async () => {
    const brief = new Tokens(app.ctx.config.jwtSecretKey ?? '', undefined, 2)
    const { token } = await brief.signAccess(anna.id, sessionOf(anna.token))
    assert.equal((await me(token)).status, 200)
    await new Promise((resolve) => setTimeout(resolve, part(token, 1).exp * 1_000 - Date.now() + 20))
    await refuse(token, 'after its time')
  })
})
