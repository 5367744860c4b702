import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { CleanupStack, startApp, type TestApp } from '../support/app.ts'

describe('health, metrics and the time limits of connections', () => {
  const cleanup = new CleanupStack()
  let app: TestApp
  let port: number

  before(async () => {
    app = await startApp(cleanup)
    await app.app.http.listen({ host: '127.0.0.1', port: 0 })
    const address = app.app.http.server.address()
    port = typeof address === 'object' && address ? address.port : 0
  })
  after(() => cleanup.run())

  test('/livez and /readyz say ok, and what was checked', async () => {
    assert.deepEqual((await app.send('GET', '/livez')).body, { status: 'ok' })
    const ready = await app.send('GET', '/readyz')
    assert.equal(ready.status, 200)
    assert.deepEqual(ready.body, { status: 'ok', checks: { database: 'ok', redis: 'not configured' } })
  })

  test('/readyz is 503 while the process is stopping and when the schema is older than the code', async () => {
    const other = await startApp(cleanup)
    await other.ctx.db.query({
      text: 'delete from schema_migrations where version = (select max(version) from schema_migrations)',
    })
    const old = await other.send('GET', '/readyz')
    assert.equal(old.status, 503)
    assert.equal(old.body.checks.database, 'not migrated')
    other.ctx.stopping.abort()
    assert.equal((await other.send('GET', '/readyz')).body.status, 'stopping')
  })

  test('/metrics counts requests by route, never by what was in the path', async () => {
    await app.send('GET', '/task/123456')
    const { status, text, headers } = await app.send('GET', '/metrics')
    assert.equal(status, 200)
    assert.match(String(headers['content-type']), /^text\/plain/)
    assert.match(text, /http_request_duration_seconds_count\{method="GET",route="\/task\/:id",status="401"\} 1/)
    assert.ok(!text.includes('123456'))
  })

  test('/metrics is for this machine, or for who has the token', async () => {
    for (const name of ['X-Forwarded-For', 'X-Real-IP', 'Forwarded', 'Via']) {
      const forwarded = await app.send('GET', '/metrics', { headers: { [name]: '203.0.113.9' } })
      assert.equal(forwarded.status, 403, name)
    }
    const guarded = await startApp(cleanup, { databaseUrl: app.databaseUrl, env: { METRICS_TOKEN: 'let-me-see' } })
    assert.equal((await guarded.send('GET', '/metrics')).status, 403)
    assert.equal((await guarded.send('GET', '/metrics', { as: 'let-me-see' })).status, 200)
    assert.equal((await guarded.send('GET', '/metrics', { as: 'let-me-seX' })).status, 403)
  })

  test('every time limit of the server is set', () => {
    const { server } = app.app.http
    assert.ok(server.headersTimeout > 0 && server.headersTimeout <= 10_000)
    assert.ok(server.requestTimeout > 0)
    assert.ok(server.timeout > 0 && server.timeout <= 60_000)
    assert.ok(server.keepAliveTimeout > 0)
  })

  test('bytes that are no HTTP are answered with a problem document and the connection is closed', async () => {
    const text = await talk('NONSENSE\r\n\r\n')
    assert.match(text, /^HTTP\/1\.1 400 /)
    assert.match(text, /application\/problem\+json/)
  })

  test('a head that is too large is refused', async () => {
    const text = await talk(`GET / HTTP/1.1\r\nhost: x\r\nx-big: ${'x'.repeat(20_000)}\r\n\r\n`)
    assert.match(text, /^HTTP\/1\.1 431 /)
  })

  test('somebody who may not upload is refused before the body is read', async () => {
    const started = performance.now()
    const text = await talk(
      'POST /upload-csv HTTP/1.1\r\nhost: x\r\ncontent-type: multipart/form-data; boundary=B\r\ncontent-length: 104857600\r\n\r\n',
      (socket) => void socket.write(Buffer.alloc(65_536)),
    )
    assert.match(text, /^HTTP\/1\.1 401 /)
    assert.match(text, /connection: close/i)
    assert.ok(performance.now() - started < 2_000)
  })

  /** Writes, and reads until the other side closes. */
  function talk(text: string, then: (socket: Socket) => void = () => {}): Promise<string> {
    return new Promise((resolve) => {
      let answer = ''
      const socket = connect(port, '127.0.0.1', () => {
        socket.write(text)
        then(socket)
      })
      socket.on('data', (data) => (answer += data))
      socket.on('error', () => {}).on('close', () => resolve(answer))
    })
  }
})
