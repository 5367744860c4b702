import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Actor } from '../../src/auth/index.ts'
import type { TaskFilter } from '../../src/tasks/filter-queries.ts'
import { SAMPLE, type TaskPageRequest } from '../../src/tasks/list-queries.ts'
import { listTasks } from '../../src/tasks/list-service.ts'
import { weeksAhead } from '../../src/tasks/list-weeks.ts'
import { CleanupStack, startApp, type TestApp } from '../support/app.ts'
import { randomFrom } from '../support/random.ts'
import { buildTeam, type Team } from './team.ts'

const WEEKS = 24
/** More in a week than are looked at first, so that what these tell leads to few weeks. */
const TASKS = WEEKS * (SAMPLE + 100)
const ROUNDS = 120
const BEGIN = '2024-01-03T00:00:00.000000Z'

test('weeks begin on Monday in UTC, and lie on both sides of the edge that the page begins at', () => {
  const sample = { oldest: '2025-06-01T23:59:59.999999+00:00', newest: '2025-06-04T12:00:00+00:00' }
  const weeks = (...given: Parameters<typeof weeksAhead>) => weeksAhead(...given)?.weeks
  assert.deepEqual(weeks(sample, 'desc', 3), [['2025-05-26', '2025-06-02']])
  assert.deepEqual(weeks(sample, 'asc', 0), [['2025-05-26']])
  assert.deepEqual(weeks(sample, 'asc', 4), [['2025-05-26', '2025-06-02', '2025-06-09']])
  assert.deepEqual(weeks({ ...sample, newest: sample.oldest }, 'desc', 100), [['2025-05-26']])
})

test('windows follow each other in the order of the page, and end where the last of them does', () => {
  const sample = { oldest: '2025-06-09T00:00:00+00:00', newest: '2025-06-10T00:00:00+00:00' }
  assert.deepEqual(weeksAhead(sample, 'desc', 1, [2, 3]), {
    weeks: [['2025-06-09'], ['2025-05-26', '2025-06-02'], ['2025-05-05', '2025-05-12', '2025-05-19']],
    end: '2025-05-05T00:00:00.000Z',
  })
  assert.deepEqual(weeksAhead(sample, 'asc', 1, [2, 1]), {
    weeks: [['2025-06-09'], ['2025-06-16', '2025-06-23'], ['2025-06-30']],
    end: '2025-07-07T00:00:00.000Z',
  })
  assert.deepEqual(
    weeksAhead(sample, 'desc', 1, [1_000])?.weeks.map((weeks) => weeks.length),
    [1, 100],
  )
  const late = { oldest: '9989-12-30T00:00:00+00:00', newest: '9989-12-31T00:00:00+00:00' }
  assert.ok(
    weeksAhead(late, 'asc', 1, [100, 100])
      ?.weeks.flat()
      .every((week) => /^\d{4}-\d{2}-\d{2}$/.test(week)),
  )
})

test('there are no weeks when they are many, or when the calendar of JavaScript and that of PostgreSQL might differ', () => {
  const sample = (oldest: string, newest: string) => weeksAhead({ oldest, newest }, 'desc', 1)
  assert.equal(sample('2025-01-01T00:00:00+00:00', '2025-05-14T00:00:00+00:00')?.weeks[0]?.length, 20)
  assert.equal(sample('2025-01-01T00:00:00+00:00', '2025-05-19T00:00:00+00:00'), undefined)
  assert.equal(sample('1969-12-31T00:00:00+00:00', '1970-01-08T00:00:00+00:00'), undefined)
  assert.equal(sample('9997-01-01T00:00:00+00:00', '9997-01-02T00:00:00+00:00'), undefined)
  assert.equal(sample('10000-01-01T00:00:00+00:00', '10000-01-02T00:00:00+00:00'), undefined)
  assert.equal(sample('0044-03-15T00:00:00+00:00 BC', '9999-01-02T00:00:00+00:00'), undefined)
})

describe('what is neither common nor rare', () => {
  const cleanup = new CleanupStack()
  let team: Team
  let admin: Actor
  /** Through connections for which the server would have several processes read, if it may. */
  let eager: TestApp
  let tasks: { id: number; created: string }[]

  /** Every so manieth task, which began with it, lost it later, or has got it since. */
  const EVERY: Record<string, number> = { middling: 61, gone: 67, come: 71, rare: 1_500 }
  const has = (name: string, n: number) => n % (EVERY[name] ?? 1) === 0

  before(async () => {
    team = await buildTeam(cleanup)
    const { db } = team.app.ctx
    const { rows } = await db.query<Actor>({
      text: 'select id, username, role from users where username = $1',
      values: [team.admin.username],
    })
    admin = { ...(rows[0] as Actor), sessionId: '-' }
    const names = Object.entries(EVERY).map(([name, every]) => `case when n % ${every} = 0 then '${name}' end`)
    const first = names.filter((sql) => !sql.includes('come'))
    const list = (sql: string[]) => `array_remove(array[${sql.join(', ')}], null)`
    const made = await db.query<{ id: number; created: string }>({
      text: `insert into tasks (project_id, title, status, priority, labels, created_by, created_at, updated_at, valid_from, changed_by)
             select (select id from projects where is_default), 'a task ' || array_to_string(names, ' ') || ' before', 'pending', 'LOW',
                    names, $1, at, at, at, $1
               from generate_series(0, ${TASKS - 1}) n,
                    lateral (select ${list(first)} as names,
                                    timestamptz '${BEGIN}' + n * interval '${WEEKS} weeks' / ${TASKS} as at) t order by n
             returning id, to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as created`,
      values: [admin.id],
    })
    tasks = made.rows
    const later = names.filter((sql) => !sql.includes('gone'))
    await db.query({
      text: `update tasks t set title = 'a task ' || array_to_string(names, ' ') || ' after', labels = names, version = version + 1,
                    valid_from = clock_timestamp()
               from (select id, ${list(later)} as names
                       from (select id, row_number() over (order by id) - 1 as n from tasks) t
                      where n % 67 = 0 or n % 71 = 0) changed
              where changed.id = t.id`,
    })
    for (const setting of [
      'parallel_setup_cost',
      'parallel_tuple_cost',
      'min_parallel_table_scan_size',
      'min_parallel_index_scan_size',
    ])
      await db.query({
        text: `do $$ begin execute format('alter database %I set ${setting} = 0', current_database()); end $$`,
      })
    eager = await startApp(cleanup, { databaseUrl: team.app.databaseUrl })
  })
  after(() => cleanup.run())

  const random = randomFrom(11)
  const upTo = (n: number) => Math.floor(random() * n)
  const pick = <T>(items: readonly T[]) => items[upTo(items.length)] as T

  function expected(name: string, isPast: boolean, { direction, after: cursor, limit, asOf }: TaskPageRequest) {
    const until = asOf && 'instant' in asOf ? asOf.instant : 'now'
    const found = tasks.filter(
      ({ created }, n) =>
        has(name, n) &&
        created <= until &&
        name !== (isPast ? 'come' : 'gone') &&
        (!cursor || (direction === 'desc' ? created < cursor[0] : created > cursor[0])),
    )
    return (direction === 'desc' ? found.toReversed() : found).slice(0, limit).map(({ id }) => id)
  }

  test('fills pages across weeks, now and in the past, from either end and from anywhere between', async () => {
    for (let i = 0; i < ROUNDS; i++) {
      const name = pick(Object.keys(EVERY))
      const isPast = pick([true, false])
      const filters: TaskFilter[] = [
        { labels: [name] },
        { anyLabel: [name, 'nothing'] },
        { text: name },
        { text: `${name} task` },
        { text: `task ${name.slice(0, -1)}` },
        { labels: [name], status: ['pending'] },
      ]
      const request: TaskPageRequest = {
        filter: pick(filters),
        asOf: isPast ? { instant: pick(tasks).created } : undefined,
        direction: pick(['asc', 'desc']),
        after: pick([undefined, [pick(tasks).created, '0'] as [string, string]]),
        limit: pick([8, 21]),
        timeZone: 'UTC',
      }
      // A cursor before all of a moment's tasks, or after all of them.
      if (request.after && request.direction === 'asc') request.after[1] = '9223372036854775807'
      const found = await listTasks(pick([team.app, eager]).ctx.db, admin, request)
      const ids = found.map(({ id }) => id)
      assert.deepEqual(ids, expected(name, isPast, request), JSON.stringify(request))
    }
  })
})
