import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SECRET, startApp } from '../support/app.ts'
import { startProcess } from '../support/process.ts'
import { megabytesOf } from '../support/process-memory.ts'

const TASKS = 200_000
const MOST_MB = 60

const options = { skip: process.platform === 'linux' ? false : 'only Linux tells the peak of a process' }

test(`a process that exports ${TASKS} tasks grows by no more than ${MOST_MB} MB`, options, async (t) => {
  const app = await startApp(t)
  const { id, token } = await app.person('admin', 'admin')
  await app.ctx.db.bulkTransaction((tx) =>
    tx.query({
      text: `insert into tasks (project_id, title, description, status, priority, created_by, created_at, updated_at,
                                valid_from, changed_by)
             select (select id from projects where is_default), 'Task ' || i, repeat('Words. ', 40), 'pending', 'LOW', $1, at, at,
                    at, $1
               from generate_series(1, ${TASKS}) i, lateral (select timestamptz '2025-01-01' + i * interval '1 s' as at) times`,
      values: [id],
    }),
  )
  const api = await startProcess(['serve'], { DATABASE_URL: app.databaseUrl, JWT_SECRET_KEY: SECRET })
  t.after(() => api.kill('SIGKILL'))
  await api.wrote(/Tasklog is ready/)
  const before = megabytesOf(api.child.pid, 'VmRSS')
  const answer = await fetch(`${api.base}/api/v1/tasks.ndjson`, { headers: { authorization: `Bearer ${token}` } })
  let bytes = 0
  for await (const chunk of answer.body ?? []) bytes += chunk.length
  assert.ok(bytes > TASKS * 300)
  const more = megabytesOf(api.child.pid, 'VmHWM') - before
  assert.ok(more <= MOST_MB, `it grew by ${more} MB`)
})
