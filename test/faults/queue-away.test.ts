import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { CleanupStack, multipart, startApp } from '../support/app.ts'
import { startDatabaseProxy } from '../support/database-proxy.ts'
import { assertProblem } from '../support/problem.ts'
import { until } from '../support/process.ts'

const TIMEOUT_MS = 1_000

describe('an upload when the job queue cannot reach the database', () => {
  const cleanup = new CleanupStack()
  after(() => cleanup.run())

  for (const fault of ['cut before', 'hang'] as const) {
    test(`is refused in time, leaves nothing, and works again afterwards (${fault})`, async () => {
      const direct = await startApp(cleanup)
      const admin = await direct.person('ada', 'admin')
      const proxy = await startDatabaseProxy(cleanup, direct.databaseUrl)
      const env = { STATEMENT_TIMEOUT_MS: String(TIMEOUT_MS), UPLOAD_WAIT_SECONDS: '0' }
      const app = await startApp(cleanup, { databaseUrl: proxy.url, env })
      const upload = () => app.send('POST', '/upload-csv', { as: admin, ...multipart('task_name\nFeed the cat\n') })

      proxy.decide(({ application }) => (application === 'tasklog-queue' ? fault : undefined))
      const began = performance.now()
      assertProblem(await upload(), 503)
      assert.ok(performance.now() - began < TIMEOUT_MS + 1_000, `answered after ${performance.now() - began} ms`)
      assert.deepEqual((await direct.ctx.db.query({ text: 'select id, state from imports' })).rows, [])

      proxy.decide(() => undefined)
      await until(async () => (await upload()).status === 202, 10_000)
    })
  }
})
