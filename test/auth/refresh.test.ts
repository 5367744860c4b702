import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CleanupStack, startApp, type TestApp } from '../support/app.ts'
import { assertProblem } from '../support/problem.ts'
import { redisUrl } from '../support/redis.ts'

const v1 = '/api/v1'

interface Tokens {
  access_token: string
  refresh_token: string
}

describe('refresh tokens', () => {
  const cleanup = new CleanupStack()
  let app: TestApp

  before(async () => {
    app = await startApp(cleanup, { redisUrl: redisUrl(2) })
    await app.person('anna')
  })
  after(() => cleanup.run())

  const open = async (): Promise<Tokens> => {
    const { token, refreshToken } = await app.login('anna')
    return { access_token: token, refresh_token: refreshToken }
  }
  const send = (refresh_token: string, on = app) => on.send('POST', `${v1}/auth/refresh`, { body: { refresh_token } })
  const rotate = async ({ refresh_token }: Tokens, on = app): Promise<Tokens> => {
    const answer = await send(refresh_token, on)
    assert.equal(answer.status, 200, answer.text)
    return answer.body
  }
  const isAlive = async ({ access_token }: Tokens) =>
    (await app.send('GET', `${v1}/users/me`, { as: access_token })).status === 200
  const idOf = ({ refresh_token }: Tokens) => refresh_token.split('.')[0] as string
  const session = async (tokens: Tokens) => {
    const text = 'select generation, expires_at, revoked_reason from sessions where id = $1'
    return (await app.ctx.db.query({ text, values: [idOf(tokens)] })).rows[0]
  }
  const sql = (set: string, tokens: Tokens) =>
    app.ctx.db.query({ text: `update sessions set ${set} where id = $1`, values: [idOf(tokens)] })
  const letGracePass = (tokens: Tokens) => sql(`rotated_at = rotated_at - interval '11 seconds'`, tokens)

  /** Every token of the session, of whatever generation. */
  async function assertDead(...all: Tokens[]): Promise<void> {
    for (const tokens of all) {
      assert.equal(await isAlive(tokens), false)
      assertProblem(await send(tokens.refresh_token), 401, 'INVALID_REFRESH_TOKEN')
    }
  }

  test('each use brings a new pair that works; the access token before it works until it expires', async () => {
    const first = await open()
    const second = await rotate(first)
    const third = await rotate(second)
    assert.equal(new Set([first, second, third].map((tokens) => tokens.refresh_token)).size, 3)
    for (const tokens of [first, second, third]) assert.equal(await isAlive(tokens), true)
  })

  test('a token used again after its grace ends the whole family', async () => {
    const first = await open()
    const second = await rotate(first)
    await letGracePass(first)
    assertProblem(await send(first.refresh_token), 401, 'INVALID_REFRESH_TOKEN')
    await assertDead(first, second)
    assert.equal((await session(first))?.revoked_reason, 'reuse')
  })

  test('a token older than the last but one ends the family, however quickly it comes', async () => {
    const first = await open()
    const second = await rotate(first)
    const third = await rotate(second)
    assertProblem(await send(first.refresh_token), 401)
    await assertDead(first, second, third)
  })

  test('after a lost answer the same successor is given again, and goes on working', async () => {
    const first = await open()
    const lost = await rotate(first)
    const again = await rotate(first)
    assert.equal(again.refresh_token, lost.refresh_token)
    assert.equal((await session(first))?.generation, 2)
    assert.ok(await isAlive(await rotate(again)))
  })

  test('fifty uses at once have one successor', async () => {
    const first = await open()
    const answers = await Promise.all(Array.from({ length: 50 }, () => rotate(first)))
    assert.equal(new Set(answers.map((tokens) => tokens.refresh_token)).size, 1)
    assert.equal((await session(first))?.generation, 2)
    assert.ok(await isAlive(await rotate(answers[0] as Tokens)))
  })

  test('a token used once is not forgotten by a restart or an emptied Redis', async (t) => {
    const first = await open()
    const second = await rotate(first)
    await letGracePass(first)
    await app.ctx.redis?.client.flushDb()
    const restarted = await startApp(t, { databaseUrl: app.databaseUrl })
    assertProblem(await send(first.refresh_token, restarted), 401)
    await assertDead(first, second)
  })

  test('no token survives a log out that races refreshes', async () => {
    for (let round = 0; round < 10; round++) {
      const first = await open()
      const [out, ...answers] = await Promise.all([
        app.send('POST', `${v1}/auth/logout`, { as: first.access_token }),
        ...Array.from({ length: 4 }, () => send(first.refresh_token)),
      ])
      assert.equal(out?.status, 204)
      await assertDead(first, ...answers.filter((answer) => answer.status === 200).map((answer) => answer.body))
    }
  })

  test('rotation does not prolong a session: at its absolute limit everything ends', async () => {
    const first = await open()
    const limit = (await session(first))?.expires_at as Date
    const second = await rotate(first)
    assert.deepEqual((await session(first))?.expires_at, limit)
    const third = await rotate(second)
    await sql(`expires_at = now() + interval '300 milliseconds'`, first)
    await new Promise((resolve) => setTimeout(resolve, 320))
    await assertDead(third)
  })

  test('forged tokens are refused and harm nobody', async () => {
    const [mine, other] = [await open(), await open()]
    const [id, generation, proof = ''] = mine.refresh_token.split('.')
    const changed = `${proof[0] === 'A' ? 'B' : 'A'}${proof.slice(1)}`
    for (const forged of [
      `${id}.${generation}.${changed}`,
      `${id}.2.${proof}`,
      `${id}.0.${proof}`,
      `${id}.01.${proof}`,
      `${id}.999999999.${proof}`,
      `${idOf(other)}.${generation}.${proof}`,
      `${id?.toUpperCase()}.${generation}.${proof}`,
      `${'0'.repeat(8)}-0000-0000-0000-${'0'.repeat(12)}.1.${proof}`,
      `${id}.${generation}.`,
      `${mine.refresh_token}.`,
      `${mine.refresh_token} `,
      mine.access_token.slice(0, 500),
      'x',
      '..',
    ]) {
      assertProblem(await send(forged), 401, 'INVALID_REFRESH_TOKEN', forged)
    }
    assert.ok(await isAlive(mine))
    assert.ok(await isAlive(await rotate(mine)))
  })

  test('the database holds nothing that is a token', async () => {
    const tokens = await rotate(await open())
    const text = 'select s::text as row, encode(s.secret, $2) as secret from sessions s where id = $1'
    const { rows } = await app.ctx.db.query({ text, values: [idOf(tokens), 'escape'] })
    assert.ok(!JSON.stringify(rows).includes(tokens.refresh_token.split('.')[2] as string))
  })
})
