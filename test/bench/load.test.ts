import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { runLoad } from '../../bench/processes.ts'

async function listen(t: TestContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const GET = { method: 'GET', path: '/' } as const

test('at a fixed rate, a server that stalls pays for all that had to wait', async (t) => {
  let began = 0
  const base = await listen(t, (_request, response) => {
    began ||= performance.now()
    setTimeout(() => response.end('late'), Math.max(0, began + 750 - performance.now()))
  })
  const load = { base, connections: 1, seconds: 1, rate: 100, tokens: [], requests: [GET] }
  const result = await runLoad(load)
  assert.equal(result.perSecond, 100)
  assert.ok(result.p50 > 150 && result.p99 > 600, JSON.stringify(result))
})

/** So many requests whatever the machine is doing. */
const TWENTY = { connections: 3, seconds: 1, rate: 20 }

test('a request that is refused fails the measurement, and says how', async (t) => {
  const base = await listen(t, (request, response) => {
    response.statusCode = request.headers.authorization === 'Bearer right' ? 200 : 401
    response.end('{"code":"WHO"}')
  })
  const load = { ...TWENTY, base, requests: [GET] }
  assert.equal((await runLoad({ ...load, tokens: ['right'] })).perSecond, 20)
  await assert.rejects(runLoad({ ...load, tokens: ['wrong'] }), /20 requests failed, the first with 401/)
})

test('an answer in several pieces is read to its end', async (t) => {
  const body = 'x'.repeat(300_000)
  const base = await listen(t, (_request, response) => {
    response.setHeader('content-length', body.length)
    response.write(body.slice(0, 10))
    setTimeout(() => response.end(body.slice(10)), 1)
  })
  const result = await runLoad({ ...TWENTY, base, tokens: [], requests: [GET] })
  assert.equal(result.perSecond, 20)
})
