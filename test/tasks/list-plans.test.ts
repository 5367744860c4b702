import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Actor } from '../../src/auth/index.ts'
import type { Queryable, Statement } from '../../src/platform/db.ts'
import { bySearch } from '../../src/tasks/list-queries.ts'
import { startApp } from '../support/app.ts'

const TASKS = 25
const STATES = 300

test('states of a task are looked for by the task, also where few tasks had many when the planner counted', async (t) => {
  const { ctx, person } = await startApp(t)
  const { id } = await person('ada', 'admin')
  const sql = (text: string, ...values: unknown[]) => ctx.db.query<Record<string, string>>({ text, values })
  await sql(
    `insert into tasks (project_id, title, status, priority, labels, created_by, created_at, updated_at, valid_from, changed_by)
     select (select id from projects where is_default), 'busy', 'pending', 'LOW', '{a}', $1, at, at, at, $1
       from generate_series(1, ${TASKS}) i, lateral (select clock_timestamp() as at) now_`,
    id,
  )
  for (let i = 0; i < STATES; i++) {
    await sql(
      `update tasks set title = 'busy ' || $1::int, version = version + 1, valid_from = clock_timestamp(),
              updated_at = clock_timestamp()`,
      i,
    )
  }
  await sql('analyze tasks, task_versions')
  const plans: string[] = []
  const explained: Queryable = {
    query: async (statement: Statement) => {
      const { rows } = await sql(`explain ${statement.text}`, ...(statement.values ?? []))
      plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'))
      return ctx.db.query(statement)
    },
  }
  const admin: Actor = { id, username: 'ada', role: 'admin', sessionId: '-' }
  const asOf = { instant: new Date(Date.now() - 60_000).toISOString() }
  const filter = { labels: ['a'], status: ['cancelled'] }
  await bySearch(explained, admin, { filter, asOf, direction: 'desc', limit: 21, timeZone: 'UTC' })
  const lookups = [
    ...(plans[0] ?? '').matchAll(/Index.* using (\S+) on task_versions.*\n\s+Index Cond: \(+task_id = /g),
  ]
  assert.deepEqual(
    lookups.map(([, index = '']) => index.replace(/^.*_/, '')),
    ['pkey'],
    plans[0],
  )
})
