import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { CleanupStack, startApp } from '../support/app.ts'
import { startDatabaseProxy } from '../support/database-proxy.ts'

/** Of a statement; an answer is waited for half a second longer. */
const STATEMENT_MS = 1_000
const MOST_MS = 4_000
/** So long `/readyz` says what it has found. */
const READY_MS = 1_100
const v1 = '/api/v1'

test('a database that answers nothing any more: 503 in time, then other connections', async (t) => {
  const cleanup = new CleanupStack()
  const owner = await startApp(cleanup)
  const admin = await owner.person('admin', 'admin')
  const proxy = await startDatabaseProxy(cleanup, owner.databaseUrl)
  t.after(() => {
    proxy.cutAll() // whoever still waits for an answer would wait for ever
    return cleanup.run()
  })
  const env = { STATEMENT_TIMEOUT_MS: String(STATEMENT_MS) }
  const app = await startApp(cleanup, { databaseUrl: proxy.url, env })
  const ask = async (path: string, body?: object) => {
    const began = performance.now()
    const { status } = await app.send(body ? 'POST' : 'GET', path, { as: admin, body })
    return { status, inTime: performance.now() - began < MOST_MS }
  }
  const all = () =>
    Promise.all([
      ask('/readyz'),
      ...Array.from({ length: 8 }, () => ask(`${v1}/tasks`)),
      ...Array.from({ length: 4 }, () => ask(`${v1}/tasks?status=pending`)),
      ask(`${v1}/tasks`, { title: 'Said to nobody' }),
    ])
  const statusesOf = (answers: { status: number }[]) => new Set(answers.map(({ status }) => status))

  for (let i = 0; i < 3; i++) assert.deepEqual(statusesOf(await all()), new Set([200, 201]))
  proxy.decide(() => 'hang')
  await sleep(READY_MS)
  const answers = await all()
  assert.deepEqual(statusesOf(answers), new Set([503]))
  assert.ok(answers.every(({ inTime }) => inTime))
  proxy.decide(() => undefined)
  await sleep(READY_MS)
  for (let i = 0; i < 3; i++) assert.deepEqual(statusesOf(await all()), new Set([200, 201]))
})
