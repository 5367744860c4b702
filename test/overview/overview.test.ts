import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { daysAgo, plantTask, type State } from '../history/past.ts'
import { CleanupStack, startApp, type TestApp } from '../support/app.ts'
import { assertProblem } from '../support/problem.ts'
import { randomFrom } from '../support/random.ts'
import { buildTeam, type Team, v1 } from '../tasks/team.ts'
import { assertAsListed, assertPresentAsListed, PRIORITIES, periods, STATUSES } from './as-listed.ts'

const DAYS = 40
const TASKS = 150
const SEED = Number(process.env.FAULTS_SEED ?? Math.floor(Math.random() * 1_000_000))

/** Every number is compared with the length of the list that it stands for: there is one truth, and the list tells it. */
describe(`the overview (FAULTS_SEED=${SEED})`, () => {
  const cleanup = new CleanupStack()
  const random = randomFrom(SEED)
  const pick = <T>(items: readonly T[]) => items[Math.floor(random() * items.length)] as T
  let team: Team
  let vienna: TestApp
  let other: number

  before(async () => {
    team = await buildTeam(cleanup)
    vienna = await startApp(cleanup, { databaseUrl: team.app.databaseUrl, env: { TIMEZONE: 'Europe/Vienna' } })
    other = await team.newProject('Gemini', team.carl)
    for (let i = 0; i < TASKS; i++) await plantTask(team.app, randomStates())
  })
  after(() => cleanup.run())

  /** Moments lie close to the ends of days as well as anywhere. */
  function randomMoment(): number {
    const day = Date.parse(daysAgo(Math.floor(random() * DAYS)))
    const past = pick([0, -1, 1, -7_200_000, -3_600_000, Math.floor(random() * 86_400_000)])
    return Math.min(day + past, Date.now() - 60_000)
  }

  function randomStates(): State[] {
    const moments = [...new Set(Array.from({ length: 1 + Math.floor(random() * 5) }, randomMoment))].sort(
      (a, b) => a - b,
    )
    const base = { changed_by: team.olga.id, cause: 'api' }
    let isDeleted = false
    return moments.map((at) => {
      isDeleted = random() < (isDeleted ? 0.5 : 0.15)
      return {
        ...base,
        valid_from: new Date(at).toISOString(),
        project_id: pick([team.project, team.project, other]),
        status: pick(STATUSES),
        priority: pick(PRIORITIES),
        assigned_user_id: pick([team.olga.id, team.carl.id, null]),
        due_date: pick([null, daysAgo(0), daysAgo(1), daysAgo(-1), daysAgo(20)]),
        deleted: isDeleted,
      }
    })
  }

  test('has for each day the numbers of the lists as of its end, for everybody what they may see', async () => {
    for (const as of [team.admin, team.mia, team.carl, team.otto]) {
      const items = await periods(team.app, as, `from=${daysAgo(DAYS + 2)}`)
      assert.equal(items.length, DAYS + 3)
      assert.equal(items.at(-1)?.to, daysAgo(0))
      await assertAsListed(team.app, as, items)
    }
  })

  test('has the same in another time zone, where days end at other moments', async () => {
    await assertAsListed(vienna, team.admin, await periods(vienna, team.admin, ''))
  })

  test('has weeks from Monday on, the last one up to the day asked for', async () => {
    const to = daysAgo(3)
    const items = await periods(team.app, team.admin, `period=week&from=${daysAgo(DAYS)}&to=${to}`)
    assert.equal(items.at(-1)?.to, to)
    for (const { from } of items) assert.equal(new Date(from).getUTCDay(), 1, from)
    await assertAsListed(team.app, team.admin, items)
    // Ninety days before a Sunday is a Monday.
    const weeks = await periods(team.app, team.admin, 'period=week')
    assert.equal(weeks.length, new Date().getUTCDay() === 0 ? 13 : 14)
    await assertAsListed(team.app, team.admin, weeks)
  })

  test('has those of one project, and of one that is hidden none', async () => {
    for (const as of [team.admin, team.mia]) {
      const items = await periods(team.app, as, `from=${daysAgo(20)}&project_id=${other}`)
      assert.equal(
        items.some(({ open }) => open > 0),
        as === team.admin,
      )
      await assertAsListed(team.app, as, items, `&project_id=${other}`)
    }
  })

  test('of the present is what the lists of now hold', async () => {
    for (const [as, more] of [
      [team.admin, ''],
      [team.mia, ''],
      [team.carl, `&project_id=${other}`],
      [team.otto, ''],
    ] as const) {
      await assertPresentAsListed(team.app, as, more)
    }
  })

  test('of a past day stays the same when tasks change today', async () => {
    const query = `from=${daysAgo(10)}&to=${daysAgo(1)}`
    const before = await periods(team.app, team.admin, query)
    const { body } = await team.create(team.olga, { status: 'completed' })
    await team.patch(team.olga, body.id, { status: 'active' })
    await team.remove(team.olga, body.id)
    assert.deepEqual(await periods(team.app, team.admin, query), before)
  })

  test('is kept while nothing changes, and days that are over whatever changes today', async () => {
    const cacheOf = async (path: string) =>
      (await team.app.send('GET', `${v1}/overview${path}`, { as: team.admin })).headers['x-cache']
    const over = `/periods?from=${daysAgo(9)}&to=${daysAgo(2)}`
    for (const path of ['', '/periods', over]) await cacheOf(path)
    assert.deepEqual([await cacheOf(''), await cacheOf('/periods'), await cacheOf(over)], ['hit', 'hit', 'hit'])
    await team.create(team.olga)
    assert.deepEqual([await cacheOf(''), await cacheOf('/periods'), await cacheOf(over)], ['miss', 'miss', 'hit'])
  })

  test('is counted for a few at a time; the others wait briefly, and then are told to come back', async () => {
    const ask = (project: number) => team.app.send('GET', `${v1}/overview?project_id=${project}`, { as: team.admin })
    const answers = await team.app.ctx.db.bulkTransaction(async (tx) => {
      await tx.query({ text: 'lock table tasks in access exclusive mode' })
      const asked = [1, 2, 3].map(ask)
      const first = await Promise.race(asked)
      assertProblem(first, 503, 'SERVER_BUSY')
      assert.equal(first.headers['retry-after'], '2')
      return asked
    })
    assert.deepEqual((await Promise.all(answers)).map(({ status }) => status).sort(), [200, 200, 503])
    const inTurn = await Promise.all(Array.from({ length: 10 }, (_, i) => ask(i + 1)))
    assert.ok(inTurn.every(({ status }) => status === 200))
  })

  test('refuses what is no period', async () => {
    for (const [query, pointer] of [
      [`to=${daysAgo(-1)}`, '/to'],
      ['to=2025-02-30', '/to'],
      ['from=yesterday', '/from'],
      [`from=${daysAgo(1)}&to=${daysAgo(2)}`, '/from'],
      [`from=${daysAgo(400)}`, '/from'],
      ['period=month', '/period'],
      ['project_id=0', '/project_id'],
      ['status=active', '/status'],
    ] as const) {
      const answer = await team.app.send('GET', `${v1}/overview/periods?${query}`, { as: team.admin })
      assertProblem(answer, 400, 'INVALID_REQUEST', query)
      assert.equal(answer.body.errors[0].pointer, pointer)
    }
    assert.equal((await periods(team.app, team.admin, `from=${daysAgo(399)}`)).length, 400)
  })

  test('of days before the history that is kept is refused', async () => {
    await team.app.ctx.db.query({ text: `update past_epoch set history_kept_from = now() - interval '15 days'` })
    const before = await team.app.send('GET', `${v1}/overview/periods?from=${daysAgo(30)}`, { as: team.admin })
    assertProblem(before, 410, 'HISTORY_NOT_KEPT')
    await periods(team.app, team.admin, `from=${daysAgo(10)}`)
  })
})
