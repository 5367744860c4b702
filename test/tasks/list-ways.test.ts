import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Actor } from '../../src/auth/index.ts'
import type { TaskFilter } from '../../src/tasks/filter-queries.ts'
import {
  byColumn,
  byDate,
  byProject,
  bySample,
  bySampleOfStatus,
  bySearch,
  SAMPLE,
  type TaskPageRequest,
} from '../../src/tasks/list-queries.ts'
import { listTasks } from '../../src/tasks/list-service.ts'
import { weeksAhead } from '../../src/tasks/list-weeks.ts'
import { CleanupStack } from '../support/app.ts'
import { randomFrom } from '../support/random.ts'
import { buildTeam, type Team } from './team.ts'

/** More than there are tasks: the whole list is looked at. */
const ALL = 1_000
const TASKS = 60
const ROUNDS = 300

/** One state of one task, as it stands in the tables. */
interface State {
  id: number
  from: string
  to: string | null
  deleted: boolean
  status: string
  priority: string
  project: number
  assignee: number | null
  labels: string[]
  due: string | null
  text: string
  created: string
}

const random = randomFrom(7)
const upTo = (n: number) => Math.floor(random() * n)
const pick = <T>(items: readonly T[]) => items[upTo(items.length)] as T

describe('the ways to list tasks agree', () => {
  const cleanup = new CleanupStack()
  let team: Team
  let states: State[]
  let admin: Actor
  let member: Actor
  /** Projects the member may read. */
  let visible: Set<number>

  before(async () => {
    team = await buildTeam(cleanup)
    await team.newProject('Not for Carl')
    const { ctx } = team.app
    admin = await actorOf(team.admin.username)
    member = await actorOf(team.carl.username)
    const projects = await ctx.db.query<{ id: number; mine: boolean }>({
      text: `select p.id, exists (select from project_members m where m.project_id = p.id and m.user_id = $1) as mine
               from projects p`,
      values: [member.id],
    })
    visible = new Set(projects.rows.filter((row) => row.mine).map((row) => row.id))
    await liveThrough(projects.rows.map((row) => row.id))
    states = await readStates()
  })
  after(() => cleanup.run())

  async function actorOf(username: string): Promise<Actor> {
    const { rows } = await team.app.ctx.db.query<Actor>({
      text: 'select id, username, role from users where username = $1',
      values: [username],
    })
    return { ...(rows[0] as Actor), sessionId: '-' }
  }

  /** Plain statements, so that the trigger writes the history and its marks. Made one after the other, in several weeks. */
  async function liveThrough(projects: number[]): Promise<void> {
    const { db } = team.app.ctx
    for (let i = 0; i < TASKS; i++) {
      await db.query({
        text: `insert into tasks (project_id, title, status, priority, created_by, created_at, updated_at, valid_from, changed_by)
               select $1, 'first word', 'pending', 'LOW', $2, at, at, at, $2
                 from (select clock_timestamp() - $3 * interval '1 day' as at) then_`,
        values: [pick(projects), admin.id, TASKS - i],
      })
    }
    for (let i = 0; i < TASKS * 6; i++) {
      const changes = [
        `status = '${pick(['pending', 'active', 'completed'])}'`,
        `priority = '${pick(['LOW', 'HIGH'])}'`,
        `project_id = ${pick(projects)}`,
        `assigned_user_id = ${pick([member.id, admin.id, 'null'])}`,
        `labels = '${pick(['{}', '{a}', '{b}', '{a,b}'])}'`,
        `due_date = ${pick(["'2030-01-05'", "'2030-01-20'", 'null'])}`,
        `title = '${pick(['first word', 'second thing', 'first thing'])}'`,
        `deleted_at = case when t.deleted_at is null then clock_timestamp() end`,
      ]
      await db.query({
        text: `update tasks t set ${pick(changes)}, version = version + 1, updated_at = clock_timestamp(),
                      valid_from = greatest(clock_timestamp(), t.valid_from + interval '1 microsecond')
                where id = (select id from tasks order by id offset ${upTo(TASKS)} limit 1)`,
      })
    }
  }

  async function readStates(): Promise<State[]> {
    const time = (column: string) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
    const columns = (id: string, end: string) => `${id} as id, ${time('valid_from')} as "from", ${end} as "to",
      deleted_at is not null as deleted, status, priority, project_id as project, assigned_user_id as assignee, labels,
      due_date::text as due, title as text, ${time('created_at')} as created`
    const { rows } = await team.app.ctx.db.query<State>({
      text: `select ${columns('id', 'null')} from tasks
             union all select ${columns('task_id', time('valid_to'))} from task_versions`,
    })
    return rows
  }

  function expected(actor: Actor, { filter, asOf, direction, after: cursor, limit }: TaskPageRequest): number[] {
    const at = asOf && 'instant' in asOf ? asOf.instant : undefined
    const held = states.filter((s) => (at === undefined ? s.to === null : s.from <= at && (s.to === null || s.to > at)))
    const found = held.filter(
      (s) =>
        !s.deleted &&
        (actor.role === 'admin' || visible.has(s.project)) &&
        (!filter.status || filter.status.includes(s.status)) &&
        (!filter.priority || filter.priority.includes(s.priority)) &&
        (filter.projectId === undefined || s.project === filter.projectId) &&
        (!filter.assignedToMe || s.assignee === actor.id) &&
        (filter.assignedUser !== null || s.assignee === null) &&
        (!filter.labels || filter.labels.every((label) => s.labels.includes(label))) &&
        (!filter.anyLabel || filter.anyLabel.some((label) => s.labels.includes(label))) &&
        (!filter.dueFrom || (s.due !== null && s.due >= filter.dueFrom)) &&
        (!filter.dueTo || (s.due !== null && s.due <= filter.dueTo)) &&
        (!filter.text || filter.text.split(' ').every((word) => s.text.includes(word))),
    )
    const sign = direction === 'desc' ? -1 : 1
    const order = (a: [string, number], b: [string, number]) =>
      sign * (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : a[1] - b[1])
    return found
      .map((s): [string, number] => [s.created, s.id])
      .filter((position) => !cursor || order(position, [cursor[0], Number(cursor[1])]) > 0)
      .sort(order)
      .slice(0, limit)
      .map(([, id]) => id)
  }

  function anyRequest(): TaskPageRequest {
    const filters: TaskFilter[] = [
      {},
      { status: pick([['active'], ['pending', 'completed'], ['cancelled']]) },
      { priority: ['HIGH'] },
      { priority: ['LOW', 'HIGH'], status: ['active'] },
      { projectId: pick(states).project },
      { assignedToMe: true },
      { assignedUser: null },
      { labels: pick([['a'], ['b'], ['a', 'b']]) },
      { labels: ['a'] },
      { anyLabel: ['a', 'b'], status: ['pending'] },
      { text: pick(['first', 'second thing', 'thi']) },
      { text: 'word', labels: ['a'] },
      { dueFrom: '2030-01-01', dueTo: pick(['2030-01-10', '2030-01-31']) },
    ]
    const some = pick(states)
    return {
      filter: pick(filters),
      asOf: pick([undefined, { instant: some.from }, { instant: pick(states).from }]),
      direction: pick(['asc', 'desc']),
      after: pick([undefined, [pick(states).created, String(some.id)] as [string, string]]),
      limit: pick([3, 21, 100]),
      timeZone: 'UTC',
    }
  }

  /** Whatever weeks from where the page begins, and whatever is said of the last word. */
  async function searches(actor: Actor, request: TaskPageRequest) {
    const { db } = team.app.ctx
    const { sample } = await bySample(db, actor, { ...request, filter: {} })
    const windows = sample && weeksAhead(sample, request.direction, pick([0, 0.2, 0.5]), pick([[], [1], [2, 3]]))
    const isLastCommon = pick([true, false])
    return {
      bySearch: await bySearch(db, actor, request),
      'bySearch, by week': await bySearch(db, actor, request, { windows, isLastCommon }),
    }
  }

  for (const who of ['admin', 'member'] as const) {
    test(`with each other and with the tables, for a ${who}, now and at any time`, async () => {
      const { db } = team.app.ctx
      const actor = who === 'admin' ? admin : member
      let found = 0
      for (let i = 0; i < ROUNDS; i++) {
        const request = anyRequest()
        const { filter } = request
        const isSearch = filter.text || filter.labels || filter.anyLabel || filter.dueFrom
        const ways = {
          byColumn: await byColumn(db, actor, request),
          byDate: await byDate(db, actor, request, ALL),
          bySample: (await bySample(db, actor, request)).tasks,
          ...(filter.status ? { bySampleOfStatus: (await bySampleOfStatus(db, actor, request, ALL)).tasks } : {}),
          ...(isSearch ? await searches(actor, request) : {}),
          ...(who === 'member' ? { byProject: await byProject(db, actor, request) } : {}),
        }
        const wanted = expected(actor, request)
        found += wanted.length
        for (const [way, rows] of Object.entries(ways)) {
          assert.deepEqual(
            rows.map((row) => row.id),
            wanted,
            `${way} ${JSON.stringify(request)}`,
          )
        }
      }
      assert.ok(found > ROUNDS, 'lists are not all empty')
    })
  }

  test('what is rarer than a sample of the next tasks tells is found behind it', async () => {
    const { db } = team.app.ctx
    const { rows } = await db.query<{ id: number }>({
      text: `insert into tasks (project_id, title, status, priority, labels, created_by, created_at, updated_at, valid_from,
                                changed_by)
             select (select id from projects where is_default), case i when 1 then 'needle' else 'straw' end,
                    case i when 1 then 'inactive' else 'pending' end, case i when 1 then 'CRITICAL' else 'MEDIUM' end,
                    case i when 1 then array['needle', 'straw'] else array['straw'] end,
                    $1, at, at, at, $1
               from generate_series(1, ${SAMPLE} + 10) i, lateral (select timestamptz '2020-01-01' + i * interval '1 hour' as at) t
             returning id`,
      values: [admin.id],
    })
    for (const actor of [admin, member]) {
      for (const asOf of [undefined, { instant: '2020-02-01T00:00:00Z' }]) {
        const common = { labels: ['straw'], status: ['inactive'] }
        for (const filter of [{ priority: ['CRITICAL'] }, { labels: ['needle'] }, { text: 'needle' }, common]) {
          const request: TaskPageRequest = { filter, asOf, direction: 'desc', limit: 21, timeZone: 'UTC' }
          const found = await listTasks(db, actor, request)
          assert.deepEqual(
            found.map(({ id }) => id),
            [rows[0]?.id],
            JSON.stringify({ filter, asOf, role: actor.role }),
          )
        }
      }
    }
  })

  test('what was there then is found where there is nothing now, at either end of the list', async () => {
    const { db } = team.app.ctx
    const { rows } = await db.query<{ id: number; lost: boolean }>({
      text: `insert into tasks (project_id, title, status, priority, labels, created_by, created_at, updated_at, valid_from,
                                changed_by)
             select (select id from projects where is_default), 'a hen', 'completed', 'LOW',
                    case when i in (1, 150, 250, 400) then array['lost'] else '{}' end, $1, at, at, at, $1
               from generate_series(1, 400) i,
                    lateral (select (i > 100)::int + (i > 300)::int as months) m,
                    lateral (select timestamptz '2012-03-01' + i * interval '1 minute' + months * interval '30 days' as at) t
             returning id, labels <> '{}' as lost`,
      values: [admin.id],
    })
    // The first hundred and the last hundred, which are a month from the others.
    const [first, last] = [rows.slice(0, 100), rows.slice(300)]
    await db.query({
      text: `update tasks t set deleted_at = clock_timestamp(), version = version + 1, valid_from = clock_timestamp()
              where id = any($1)`,
      values: [[...first, ...last].map(({ id }) => id)],
    })
    const lost = rows.filter((row) => row.lost).map(({ id }) => id)
    const ends = { asc: '2012-01-01T00:00:00.000000Z', desc: '2012-12-31T00:00:00.000000Z' }
    for (const direction of ['asc', 'desc'] as const) {
      for (const after of [undefined, [ends[direction], '1'] as [string, string]]) {
        const asOf = { instant: '2013-01-01T00:00:00Z' }
        const filter = { labels: ['lost'] }
        const page = await listTasks(db, admin, { filter, asOf, direction, after, limit: 21, timeZone: 'UTC' })
        assert.deepEqual(
          page.map(({ id }) => id),
          direction === 'asc' ? lost : lost.toReversed(),
        )
      }
    }
    assert.equal(lost.length, 4)
  })

  test('what was made at the very edge of days looked through before others is listed once', async () => {
    const { db } = team.app.ctx
    const lengths = ['0', '2 days -1 microseconds', '2 days', '2 days 1 microsecond', '16 days', '128 days', '3 years']
    const { rows } = await db.query<{ id: number; created: string }>({
      text: `insert into tasks (project_id, title, status, priority, created_by, created_at, updated_at, valid_from, changed_by)
             select (select id from projects where is_default), 'edge', 'cancelled', 'LOW', $1, at, at, at, $1
               from unnest($2::interval[]) with ordinality l (length, n),
                    lateral (select timestamptz '2019-01-01' - length as at) t order by n
             returning id, to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as created`,
      values: [admin.id, lengths],
    })
    // Another state of each, so that half of what is listed stands among superseded ones.
    await db.query({
      text: `update tasks set title = 'later', version = version + 1, valid_from = clock_timestamp() where id = any($1) and id % 2 = 0`,
      values: [rows.map(({ id }) => id)],
    })
    const request: TaskPageRequest = {
      filter: { status: ['cancelled', 'pending'] },
      asOf: { instant: '2019-02-01T00:00:00Z' },
      direction: 'desc',
      limit: 21,
      timeZone: 'UTC',
    }
    const ids = async (after?: [string, string]) =>
      (await byColumn(db, admin, { ...request, after })).map(({ id }) => id)
    const all = rows.map(({ id }) => id)
    const [first] = rows
    assert.deepEqual(await ids(), all)
    assert.deepEqual(await ids([first?.created ?? '', String((first?.id ?? 0) + 1)]), all)
    assert.deepEqual(await ids([first?.created ?? '', String(first?.id)]), all.slice(1))
  })
})
