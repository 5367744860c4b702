import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { consoleRoutes } from '../../src/console/index.ts'
import { closeContext, createContext } from '../../src/platform/context.ts'
import { createHttpServer } from '../../src/platform/http.ts'
import { CleanupStack, startApp, type TestApp } from '../support/app.ts'

const ASSETS = readdirSync(path.resolve(import.meta.dirname, '../../web/dist/assets'))
const SCRIPT = `/console/assets/${ASSETS.find((name) => /^index-.*\.js$/.test(name))}`

describe('the console is served', () => {
  const cleanup = new CleanupStack()
  let app: TestApp
  before(async () => {
    app = await startApp(cleanup)
  })
  after(() => cleanup.run())

  test('from /, which leads to it', async () => {
    for (const at of ['/', '/console']) {
      const { status, headers } = await app.send('GET', at)
      assert.deepEqual([status, headers.location], [302, '/console/'])
    }
  })

  test('as one page for every path below /console, never kept and with a nonce that is not given twice', async () => {
    const nonces = new Set<string>()
    for (const at of ['/console/', '/console/tasks', '/console/tasks?q=rack', '/console/no/such/page']) {
      const { status, headers, text } = await app.send('GET', at)
      assert.deepEqual([status, headers['content-type']], [200, 'text/html; charset=utf-8'])
      assert.equal(headers['cache-control'], 'no-cache')
      const [, nonce = ''] = /'nonce-([\w-]{20,})'/.exec(String(headers['content-security-policy'])) ?? []
      assert.ok(text.includes(`<meta property="csp-nonce" nonce="${nonce}">`))
      assert.doesNotMatch(text, /__NONCE__|<script(?![^>]*\ssrc=)|\sstyle=|https?:/)
      nonces.add(nonce)
    }
    assert.equal(nonces.size, 4)
  })

  test('under a policy without exceptions', async () => {
    const { headers } = await app.send('GET', '/console/')
    const policy = String(headers['content-security-policy'])
    assert.match(policy, /^default-src 'none'; script-src 'self'; /)
    assert.doesNotMatch(policy, /unsafe|\*|https?:|data:|blob:/)
    assert.match(policy, /frame-ancestors 'none'/)
    assert.equal(headers['x-content-type-options'], 'nosniff')
  })

  test('with files that are compressed already and kept for good', async () => {
    for (const encoding of ['br', 'gzip', undefined]) {
      const accept = encoding ? { 'accept-encoding': encoding } : undefined
      const { status, headers } = await app.send('GET', SCRIPT, { headers: accept })
      assert.deepEqual([status, headers['content-encoding']], [200, encoding])
      assert.equal(headers['cache-control'], 'public, max-age=31536000, immutable')
      assert.match(String(headers['content-type']), /^(?:text|application)\/javascript/)
    }
  })

  test('or the sentence that it was not built', async (t) => {
    // A server has a context of its own: its metrics are named once.
    const { config, log } = app.ctx
    const ctx = createContext(config, { databaseUrl: app.databaseUrl, role: 'test', log })
    t.after(() => closeContext(ctx))
    const http = createHttpServer(ctx)
    await http.register(consoleRoutes, { folder: '/nonexistent' })
    const answer = await http.inject('/console/tasks')
    await http.close()
    assert.deepEqual([answer.statusCode, answer.json().code], [404, 'CONSOLE_NOT_BUILT'])
  })

  test('and stands in nobody else’s way', async () => {
    for (const [at, expected] of [
      ['/tasks', 401],
      ['/task/1', 401],
      ['/api/v1/tasks', 401],
      ['/api/v1/nothing', 404],
      ['/nothing', 404],
      ['/console/assets/nothing.js', 404],
      ['/consoles', 404],
    ] as const) {
      const { status, headers } = await app.send('GET', at)
      assert.equal(status, expected, at)
      assert.match(String(headers['content-type']), /problem\+json/, at)
    }
    const { status } = await app.send('GET', '/console/assets/..%2f.sources')
    assert.equal(status, 400)
  })
})
