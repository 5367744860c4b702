import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { type Answer, CleanupStack, type Person, startApp, type TestApp } from '../support/app.ts'
import { assertProblem } from '../support/problem.ts'

/** What no HTTP client would send, over a real connection. */
describe('bytes on the wire', () => {
  const cleanup = new CleanupStack()
  let app: TestApp
  let anna: Person
  let port: number

  before(async () => {
    app = await startApp(cleanup)
    anna = await app.person('anna')
    await app.app.http.listen({ host: '127.0.0.1', port: 0 })
    port = (app.app.http.server.address() as AddressInfo).port
  })
  after(() => cleanup.run())

  /** Sends the bytes and reads one answer; `cut` ends the sending side, where more would have had to come. */
  function exchange(bytes: string | Buffer, cut = false): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = []
      const socket = connect(port, '127.0.0.1', () => (cut ? socket.end(bytes) : socket.write(bytes)))
      socket.setTimeout(5_000, () => socket.destroy(new Error('no answer')))
      socket.on('data', (chunk) => chunks.push(chunk))
      socket.on('error', reject)
      socket.on('close', () => resolve(parse(Buffer.concat(chunks).toString())))
    })
  }

  const head = (line: string, ...headers: string[]) =>
    [line, 'Host: x', `Authorization: Bearer ${anna.token}`, 'Connection: close', ...headers, '', ''].join('\r\n')
  const JSON_TYPE = 'Content-Type: application/json'

  test('a request as it should be is answered', async () => {
    const answer = await exchange(head('GET /api/v1/users/me HTTP/1.1'))
    assert.equal(answer.body?.username, 'anna', JSON.stringify(answer))
  })

  for (const [why, make, isCut = false] of [
    ['no HTTP', () => 'hello\r\n\r\n'],
    ['a TLS greeting', () => Buffer.from('16030100a5010000a10303', 'hex')],
    ['no such method', () => head('FETCH /livez HTTP/1.1')],
    ['NUL in a header', () => head('GET /livez HTTP/1.1', 'X-Name: a\0b')],
    ['a header without a colon', () => head('GET /livez HTTP/1.1', 'nonsense')],
    ['a folded header', () => head('GET /livez HTTP/1.1', 'X-Name: a', ' b')],
    ['NUL in the path', () => head('GET /livez\0 HTTP/1.1')],
    ['a blank in the path', () => head('GET /livez x HTTP/1.1')],
    [
      'both lengths',
      () =>
        `${head('POST /api/v1/tasks HTTP/1.1', JSON_TYPE, 'Content-Length: 4', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
    ],
    [
      'two lengths',
      () => `${head('POST /api/v1/tasks HTTP/1.1', JSON_TYPE, 'Content-Length: 2', 'Content-Length: 3')}{}`,
    ],
    ['a negative length', () => `${head('POST /api/v1/tasks HTTP/1.1', JSON_TYPE, 'Content-Length: -1')}{}`],
    [
      'a chunk of no size',
      () => `${head('POST /api/v1/tasks HTTP/1.1', JSON_TYPE, 'Transfer-Encoding: chunked')}zz\r\n{}\r\n0\r\n\r\n`,
    ],
    [
      'a body cut short',
      () => `${head('POST /api/v1/tasks HTTP/1.1', JSON_TYPE, 'Content-Length: 50')}{"title":"a"}`,
      true,
    ],
    [
      'an unfinished chunk',
      () => `${head('POST /api/v1/tasks HTTP/1.1', JSON_TYPE, 'Transfer-Encoding: chunked')}d\r\n{"title":"a"}`,
      true,
    ],
  ] as const) {
    test(`${why}: 400 and nothing done`, async () => {
      assertProblem(await exchange(make(), isCut), 400)
    })
  }

  test('headers of more than 16 kB: 431', async () => {
    const answer = await exchange(head('GET /livez HTTP/1.1', `X-Name: ${'x'.repeat(17_000)}`))
    assertProblem(answer, 431, 'HEADERS_TOO_LARGE')
    assert.equal(answer.body.detail, 'The head of a request may have at most 16384 bytes.')
  })

  test('a chunked body of more than the limit: 413, whatever no header says', async () => {
    const chunk = `10000\r\n${'x'.repeat(0x1_00_00)}\r\n`
    const start = head('POST /api/v1/tasks HTTP/1.1', JSON_TYPE, 'Transfer-Encoding: chunked')
    assertProblem(await exchange(`${start}${chunk.repeat(17)}0\r\n\r\n`), 413, 'BODY_TOO_LARGE')
  })

  test('a path with dots is no way to another one', async () => {
    for (const path of [
      '/api/v1/./users/me',
      '/api/v1/x/../users/me',
      '/docs/../api/v1/users/me',
      '/docs/static/../../package.json',
      '/..',
      'http://x/../..',
    ]) {
      const answer = await exchange(head(`GET ${path} HTTP/1.1`))
      assertProblem(answer, [400, 404].includes(answer.status) ? answer.status : 404, undefined, path)
    }
  })

  test('after all of it no task was made and the service lives', async () => {
    const { rows } = await app.ctx.db.query({ text: 'select count(*) as n from tasks' })
    assert.equal(rows[0]?.n, 0)
    assert.equal((await exchange(head('GET /livez HTTP/1.1'))).status, 200)
  })
})

function parse(raw: string): Answer {
  const [top = '', text = ''] = raw.split(/\r\n\r\n(.*)/s)
  const [first = '', ...lines] = top.split('\r\n')
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  )
  const isJson = /json/.test(headers['content-type'] ?? '')
  return { status: Number(first.split(' ')[1]), headers, text, body: isJson ? JSON.parse(text) : undefined }
}
