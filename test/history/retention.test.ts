import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { retentionJob } from '../../src/history/jobs.ts'
import type { Person, TestApp } from '../support/app.ts'
import { openTransaction } from '../support/database.ts'
import { assertProblem } from '../support/problem.ts'
import { buildTeam, v1 } from '../tasks/team.ts'
import { daysAgo, plantTask } from './past.ts'

/** The first day of the month that many months ago, in UTC. */
function monthAgo(months: number): Date {
  const now = new Date()
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - months, 1))
}
const dayOf = (date: Date) => date.toISOString().slice(0, 10)
const dayBefore = (date: Date) => dayOf(new Date(date.getTime() - 86_400_000))
const nameOf = (months: number) => `task_versions_${dayOf(monthAgo(months)).slice(0, 7).replace('-', '_')}`

interface Kept {
  app: TestApp
  olga: Person
  /** A task that changed in the middle of each of the last months but one, which has no partition. */
  id: number
  run(): Promise<void>
  partitions(): Promise<string[]>
  ask(url: string): ReturnType<TestApp['send']>
}

const MONTHS = 4
const WITHOUT_PARTITION = 6

async function plant(t: TestContext, months: string): Promise<Kept> {
  const { app, olga, project } = await buildTeam(t, { env: { HISTORY_MONTHS: months } })
  const query = (text: string) => app.ctx.db.query<{ name: string }>({ text })
  for (let n = 8; n > 0; n--) {
    if (n === WITHOUT_PARTITION) continue
    const [from, to] = [monthAgo(n).toISOString(), monthAgo(n - 1).toISOString()]
    await query(`create table ${nameOf(n)} partition of task_versions for values from ('${from}') to ('${to}')`)
  }
  const middle = (n: number) => new Date(monthAgo(n).getTime() + 14 * 86_400_000).toISOString()
  const states = [9, 8, 7, 6, 5, 4, 3, 2, 1].map((n) => ({
    ...{ valid_from: middle(n), title: `Month ${n}`, project_id: project, changed_by: olga.id },
  }))
  return {
    app,
    olga,
    id: await plantTask(app, states),
    run: () => retentionJob.run(app.ctx, {}, new AbortController().signal),
    async partitions() {
      const text = `select relname as name from pg_inherits join pg_class on oid = inhrelid
                     where inhparent = 'task_versions'::regclass and relname < '${nameOf(0)}' order by 1`
      return (await query(text)).rows.map(({ name }) => name)
    },
    ask: (url) => app.send('GET', url, { as: olga }),
  }
}

describe('the retention of history', () => {
  test('keeps everything as it comes', async (t) => {
    const { run, partitions, ask, id } = await plant(t, '0')
    const before = await partitions()
    await run()
    await run()
    assert.deepEqual(await partitions(), before)
    assert.equal((await ask(`${v1}/tasks/${id}?as_of=${dayOf(monthAgo(8))}`)).body.title, 'Month 9')
  })

  test('gives up what ended longer ago in one night, and removes it in the next', async (t) => {
    const { app, run, partitions, ask, id } = await plant(t, String(MONTHS))
    const kept = monthAgo(MONTHS)
    const count = async (table = 'task_versions') =>
      (await app.ctx.db.query<{ n: number }>({ text: `select count(*) as n from ${table}` })).rows[0]?.n
    const classic = () => ask(`/tasks?date=${dayBefore(kept)}`)
    assert.equal((await classic()).body.total, 1)
    assert.equal((await classic()).headers['x-cache'], 'hit')

    await run()
    assert.equal(await count(), 8, 'requests under way still find what they were told is kept')
    assert.equal(await count('former_words'), 8)
    assert.equal((await partitions()).length, 7)
    for (const url of [
      `${v1}/tasks/${id}?as_of=${dayOf(monthAgo(8))}`,
      `${v1}/tasks/${id}?as_of=${dayBefore(new Date(kept.getTime() - 86_400_000))}`,
      `${v1}/tasks/${id}?as_of=${dayBefore(kept)}T23:59:59.999998Z`,
      `${v1}/tasks/888888?as_of=${dayOf(monthAgo(8))}`,
      `${v1}/task-log?date=${dayOf(monthAgo(8))}`,
      `${v1}/task-log?from=${dayOf(monthAgo(5))}`,
      `${v1}/task-log?task_id=${id}&date=${dayOf(monthAgo(5))}`,
      `/tasks?date=${dayOf(monthAgo(8))}`,
    ]) {
      const answer = await ask(url)
      assertProblem(answer, 410, 'HISTORY_NOT_KEPT', url)
      assert.equal(answer.body.kept_from, `${dayOf(kept)}T00:00:00Z`)
    }

    await run()
    assert.deepEqual(await partitions(), [4, 3, 2, 1].map(nameOf))
    assert.equal(await count(), 4, 'the default partition was cleaned as well')
    assert.equal(await count('former_words'), 4, 'and nothing is looked for that cannot be shown')
    await run()
    assert.equal(await count(), 4)
  })

  test('leaves everything of the kept time as it was, and the present', async (t) => {
    const { run, ask, id } = await plant(t, String(MONTHS))
    const days = [...[4, 3, 2, 1, 0].map((n) => dayOf(monthAgo(n))), dayBefore(monthAgo(MONTHS)), daysAgo(0)]
    const read = async () =>
      Promise.all(
        days
          .flatMap((day) => [`${v1}/tasks/${id}?as_of=${day}`, `${v1}/task-log?date=${day}`, `/tasks?date=${day}`])
          .map(async (url) => {
            const { status, body } = await ask(url)
            assert.equal(status, 200, url)
            return body
          }),
      )
    const before = await read()
    await run()
    await run()
    assert.deepEqual(await read(), before, 'the end of the day before is the first kept moment')
    const { items } = (await ask(`${v1}/tasks/${id}/history?limit=100`)).body
    assert.deepEqual(
      items.map(({ version, action }: { version: number; action: string }) => [version, action]),
      [9, 8, 7, 6, 5].map((version) => [version, 'changed']),
    )
    assert.deepEqual(items.at(-1).changes, [], 'what it replaced is not known any more')
    const log = (await ask(`${v1}/task-log?task_id=${id}&limit=100`)).body
    assert.equal(log.items.length, 100)
    const { body: end } = await ask(`${v1}/task-log?task_id=${id}&limit=100&to=${dayOf(monthAgo(3))}`)
    assert.equal(end.next_cursor, null)
    assert.equal(end.items.at(-1).logged_date, dayBefore(monthAgo(MONTHS)))
  })

  test("stands in nobody's way: it waits a moment for its turn, lets others pass, and tries again", async (t) => {
    const { app, run, partitions, ask, id } = await plant(t, String(MONTHS))
    await run()
    const tx = await openTransaction(t, app.databaseUrl)
    await tx.query({ text: 'select from task_versions limit 1' })
    const running = run()
    await tx.someoneWaits()
    const began = performance.now()
    assert.equal((await ask(`${v1}/tasks/${id}/history`)).status, 200)
    assert.ok(performance.now() - began < 1_500, 'a reader waits no longer than the job does')
    assert.equal((await partitions()).length, 7)
    await tx.commit()
    await running
    assert.equal((await partitions()).length, 4)
  })
})
