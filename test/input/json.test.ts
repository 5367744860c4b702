import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CleanupStack, type Person, startApp, type TestApp } from '../support/app.ts'
import { cpuMs } from '../support/cpu.ts'
import { checksum } from '../support/database.ts'
import { assertPointsTo, assertProblem } from '../support/problem.ts'

const TASKS = '/api/v1/tasks'
const JSON_TYPE = { 'content-type': 'application/json' }

describe('JSON bodies', () => {
  const cleanup = new CleanupStack()
  let app: TestApp
  let anna: Person

  before(async () => {
    app = await startApp(cleanup, { env: { BODY_LIMIT_BYTES: String(1_048_576) } })
    anna = await app.person('anna')
  })
  after(() => cleanup.run())

  const post = (payload: string | Buffer, headers: Record<string, string> = JSON_TYPE) =>
    app.send('POST', TASKS, { as: anna, headers, payload })

  async function assertRefused(
    payload: string | Buffer,
    status: number,
    code?: string,
    headers?: Record<string, string>,
  ) {
    const before = await checksum(app)
    const answer = await post(payload, headers)
    assertProblem(answer, status, code, payload.toString('latin1' as never).slice(0, 60))
    assert.equal(await checksum(app), before)
    return answer
  }

  for (const [why, bytes] of [
    ['ff fe', [0xff, 0xfe]],
    ['an overlong NUL', [0xc0, 0x80]],
    ['an overlong slash', [0xe0, 0x80, 0xaf]],
    ['a sequence cut short', [0xe2, 0x82]],
    ['a lone continuation', [0x80]],
    ['a surrogate in UTF-8', [0xed, 0xa0, 0x80]],
    ['beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['latin-1', [0x4d, 0xfc, 0x6c, 0x6c]],
  ] as const) {
    test(`a title that is not UTF-8 is 400: ${why}`, async () => {
      const body = Buffer.concat([Buffer.from('{"title":"'), Buffer.from(bytes), Buffer.from('"}')])
      await assertRefused(body, 400, 'INVALID_JSON')
    })
  }

  test('UTF-16 and a byte order mark are 400', async () => {
    const body = '{"title":"x"}'
    for (const payload of [
      Buffer.from(body, 'utf16le'),
      Buffer.from(`\uFEFF${body}`, 'utf16le'),
      Buffer.from(`\uFEFF${body}`, 'utf8'),
    ]) {
      await assertRefused(payload, 400, 'INVALID_JSON')
    }
  })

  for (const body of [
    '{"title":"a","title":"b"}',
    '{"title":"a","t\\u0069tle":"b"}',
    '{"title":"a","labels":[{"x":1,"x":2}]}',
    '{"__proto__":{"title":"a"}}',
    '{"title":"a","__proto__":null}',
    '{"title":"a","\\u005f_proto__":{}}',
    '{"title":"a","labels":[{"__proto__":[]}]}',
    '{"title":"a\\u0000b"}',
    '{"title":"a","x\\u0000":1}',
    '{"title":"\\ud800"}',
    '{"title":"\\udc00\\ud800"}',
    '{"title":"a","labels":["\\ud83d"]}',
    '{"title":"a"},',
    '{"title":"a"}{"title":"b"}',
    '{title:"a"}',
    '{"title":"a",}',
    '{"title":"a\nb"}',
    '{"title":NaN}',
    '{"title":"a"}\u0000',
  ]) {
    test(`${JSON.stringify(body)} is 400`, async () => void (await assertRefused(body, 400, 'INVALID_JSON')))
  }

  test('constructor.prototype is an unknown member like any other, and nobody gets a new property', async () => {
    const body = '{"title":"a","constructor":{"prototype":{"polluted":1}}}'
    const answer = await assertRefused(body, 400)
    assertPointsTo(answer, '/constructor')
    assert.equal(({} as { polluted?: unknown }).polluted, undefined)
  })

  test('deep nesting is 400 in less than 50 ms', async () => {
    for (const depth of [33, 100, 10_000, 400_000]) {
      for (const body of [
        '['.repeat(depth),
        '{"a":'.repeat(Math.min(depth, 200_000)),
        `{"title":${'['.repeat(depth)}${']'.repeat(depth)}}`,
      ]) {
        const payload = body.slice(0, 1_048_576)
        await assertRefused(payload, 400, 'INVALID_JSON')
        const cost = await cpuMs(() => post(payload))
        assert.ok(cost < 50, `depth ${depth}: ${cost} ms`)
      }
    }
  })

  test('a body at the limit is read, one byte more is 413', async () => {
    const start = '{"title":"a","description":"'
    const fill = (bytes: number) => `${start}${'x'.repeat(bytes - start.length - 2)}"}`
    const answer = await assertRefused(fill(1_048_576), 400, 'INVALID_REQUEST')
    assertPointsTo(answer, '/description')
    await assertRefused(fill(1_048_577), 413, 'BODY_TOO_LARGE')
  })

  test('a body shorter or longer than it says is 400', async () => {
    for (const length of ['5', '500']) {
      await assertRefused('{"title":"a"}', 400, undefined, { ...JSON_TYPE, 'content-length': length })
    }
  })

  test('compressed bodies are 415, whatever they hold', async () => {
    for (const encoding of ['gzip', 'br', 'deflate', 'zstd', 'x-gzip', 'gzip, identity', 'GZIP']) {
      await assertRefused('{"title":"a"}', 415, 'UNSUPPORTED_MEDIA_TYPE', {
        ...JSON_TYPE,
        'content-encoding': encoding,
      })
    }
  })

  for (const type of [
    ' application/json',
    'application/json\ta',
    'application/json x',
    'application/json;x=1',
    'application/json; charset=utf-16',
    'application/json; charset=iso-8859-1',
    'application/json; charset=utf-8; charset=utf-16',
    'application/json, application/json',
    'application/json,text/plain',
    'application/jsonx',
    'application/problem+json',
    'application/*',
    '*/*',
    'text/plain',
    'text/json',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application',
    '/json',
    '',
  ]) {
    test(`Content-Type ${JSON.stringify(type)}: the schema is never skipped`, async () => {
      await assertRefused('{"title":7,"role":"admin"}', 415, 'UNSUPPORTED_MEDIA_TYPE', { 'content-type': type })
    })
  }

  test('a body without a Content-Type is 415', async () => {
    await assertRefused('{"title":"a"}', 415, 'UNSUPPORTED_MEDIA_TYPE', {})
  })

  for (const type of [
    'application/json',
    'Application/JSON',
    'application/json;charset=UTF-8',
    'application/json; charset="utf-8"',
  ]) {
    test(`Content-Type ${type} is taken`, async () => {
      assert.equal((await post('{"title":"a"}', { 'content-type': type })).status, 201)
      await assertRefused('{"title":7}', 400, 'INVALID_REQUEST', { 'content-type': type })
    })
  }

  test('an operation without a body takes an empty one that is called JSON', async () => {
    const { body } = await post('{"title":"short-lived"}')
    const answer = await app.send('DELETE', `${TASKS}/${body.id}`, { as: anna, headers: JSON_TYPE })
    assert.equal(answer.status, 204)
  })
})
