import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { closeContext, createContext } from '../../src/platform/context.ts'
import { createHttpServer } from '../../src/platform/http.ts'
import { createLogger } from '../../src/platform/logger.ts'
import { CleanupStack, startApp } from '../support/app.ts'

describe('answers as they leave', () => {
  const cleanup = new CleanupStack()
  const lines: { msg: string; reqId?: string }[] = []
  let base: string

  before(async () => {
    const log = createLogger('warn', { write: (line) => void lines.push(JSON.parse(line)) })
    const app = await startApp(cleanup)
    // A server has a context of its own: its metrics are named once.
    const ctx = createContext(app.ctx.config, { databaseUrl: app.databaseUrl, role: 'test', log })
    cleanup.after(() => closeContext(ctx))
    const http = createHttpServer(ctx)
    const config = { access: 'public' } as const
    http.get('/right', { config }, async () => ({ is: 'right' }))
    http.get('/wrong', { config }, async (_request, reply) =>
      reply.header('x-name', 'two\nlines').send({ is: 'wrong' }),
    )
    http.get('/thrown', { config }, async () => {
      throw new Error('thrown')
    })
    base = await http.listen({ host: '127.0.0.1', port: 0 })
    cleanup.after(() => http.close())
  })
  after(() => cleanup.run())

  const statusesOf = (paths: string[]) =>
    Promise.all(paths.map(async (path) => (await fetch(base + path, { signal: AbortSignal.timeout(5_000) })).status))

  test('one that cannot be sent is a 500, and those of the same turn leave all the same', async () => {
    assert.deepEqual(await statusesOf(['/right', '/wrong', '/right', '/wrong', '/right']), [200, 500, 200, 500, 200])
  })

  test('lines of the log about a request carry its id', async () => {
    lines.length = 0
    assert.deepEqual(await statusesOf(['/thrown', '/thrown']), [500, 500])
    const ids = lines.filter(({ msg }) => msg === 'unexpected error').map(({ reqId }) => reqId)
    for (const id of ids) assert.match(String(id), /^[0-9a-f-]{36}$/)
    assert.equal(new Set(ids).size, 2)
  })
})
