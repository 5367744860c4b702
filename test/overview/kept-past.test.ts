import assert from 'node:assert/strict'
import { after, before, describe, type TestContext, test } from 'node:test'
import { beginUndo } from '../../src/imports/undo-queries.ts'
import type { Statement } from '../../src/platform/db.ts'
import { purgeJob } from '../../src/tasks/jobs.ts'
import { daysAgo, middayAgo, plantTask } from '../history/past.ts'
import { actorOf, imported, undo } from '../imports/staged.ts'
import { CleanupStack } from '../support/app.ts'
import { buildTeam, type Team, v1 } from '../tasks/team.ts'
import { assertAsListed, assertPresentAsListed, type Period, periods } from './as-listed.ts'

/** What the overview tells of days that are over is kept, and the rest added to it. */
describe('the overview keeps what is over', () => {
  const cleanup = new CleanupStack()
  let team: Team
  let hidden: number
  before(async () => {
    team = await buildTeam(cleanup)
    const state = (days: number, more = {}) => ({
      ...{ valid_from: middayAgo(days), project_id: team.project, changed_by: team.olga.id, ...more },
    })
    for (const status of ['active', 'completed', 'pending'])
      await plantTask(team.app, [state(20), state(9, { status })])
    await plantTask(team.app, [state(60), state(50, { deleted: true })])
  })
  after(() => cleanup.run())

  const open = (items: Period[]) => items.map((item) => item.open)
  const days = () => periods(team.app, team.admin, '')
  const weeks = () => periods(team.app, team.admin, 'period=week')
  const present = async () => (await team.app.send('GET', `${v1}/overview`, { as: team.admin })).body

  /** All numbers at once, as the console asks for them, each compared with its list. */
  async function readAll() {
    const [now, ofDays, ofWeeks] = await Promise.all([present(), days(), weeks()])
    await assertPresentAsListed(team.app, team.admin)
    await assertAsListed(team.app, team.admin, ofDays.slice(-30))
    await assertAsListed(team.app, team.admin, ofWeeks.slice(-6))
    return { now, ofDays, ofWeeks }
  }

  /** The names of the overview's own statements, as the database is asked them. */
  function listen(t: TestContext, whenAnswered: (name: string) => Promise<void> = async () => {}): string[] {
    const names: string[] = []
    const { db } = team.app.ctx
    const query = db.query.bind(db)
    t.mock.method(db, 'query', async (asked: Statement) => {
      const answer = await query(asked)
      if (asked.name?.startsWith('overview/')) {
        names.push(asked.name.split('/').slice(1, 3).join(' '))
        await whenAnswered(asked.name)
      }
      return answer
    })
    return names
  }

  test('so that after a change only what changed since is read, and days and weeks are counted at once', async (t) => {
    await team.sql('update past_epoch set epoch = epoch + 1')
    const names = listen(t)
    const ask = () => Promise.all([present(), days(), weeks()])
    await ask()
    const since = ['periods since', 'periods since', 'present since']
    assert.deepEqual(names.splice(0).sort(), [...since, 'periods until', 'present until'].sort())
    await team.create(team.olga, { status: 'completed' })
    await ask()
    assert.deepEqual(names.sort(), since)
  })

  test('and adds what happens today: made, changed, completed, moved, deleted, restored', async () => {
    const steps: [string, () => Promise<unknown>][] = [
      ['made', () => team.create(team.olga, { due_date: daysAgo(3), assigned_user: 'carl' })],
      ['completed', async () => team.patch(team.mia, await aTask(`status = 'active'`), { status: 'completed' })],
      [
        'completed before, changed',
        async () => team.patch(team.mia, await aTask(`status = 'completed'`), { title: 'X' }),
      ],
      [
        'begun',
        async () => team.patch(team.mia, await aTask(`status = 'pending'`), { status: 'active', priority: 'LOW' }),
      ],
      ['deleted', async () => team.remove(team.mia, await aTask('true'))],
      ['made and deleted', async () => team.remove(team.mia, await team.make())],
    ]
    await readAll()
    for (const [, step] of steps) {
      await step()
      await readAll()
    }
    const id = await aTask('true')
    await team.remove(team.mia, id)
    await readAll()
    await team.app.send('POST', `${v1}/tasks/${id}/restore`, { as: team.mia })
    await readAll()
  })

  /** @returns the id of the oldest living task that is so */
  async function aTask(condition: string): Promise<number> {
    const found = await team.sql(
      `select id from tasks where deleted_at is null and ${condition} order by created_at limit 1`,
    )
    return found[0].id
  }

  test('until the past changes: an import with old dates, its undo, a revert and a purge are in every plot', async () => {
    const before = await readAll()
    const rows = [12, 11, 5].map((day, i) => [`Old ${day}`, i === 1 ? 'completed' : 'active', daysAgo(day)])
    const id = await imported(team.app, team.admin, 'title,status,created_at', rows)
    const withImport = await readAll()
    assert.equal(withImport.now.tasks, before.now.tasks + 3)
    assert.deepEqual(
      open(withImport.ofDays).map((n, i) => n - (open(before.ofDays)[i] ?? 0)),
      before.ofDays.map(({ to }) => [12, 5].filter((day) => to >= daysAgo(day)).length),
    )
    assert.notDeepEqual(withImport.ofWeeks, before.ofWeeks)

    await beginUndo(team.app.ctx.db, actorOf(team.admin, 'admin'), id)
    await undo(team.app, id)
    const undone = await readAll()
    assert.equal(undone.now.tasks, before.now.tasks)
    assert.equal(undone.ofDays.at(-1)?.open, before.ofDays.at(-1)?.open)

    const task = await aTask(`status = 'completed' and version > 1`)
    await team.app.send('POST', `${v1}/tasks/${task}/revert`, { as: team.mia, body: { version: 1 } })
    assert.equal((await readAll()).now.open, undone.now.open + 1)

    const living = (await readAll()).now
    const trash = () => team.sql(`select id from tasks where deleted_at < now() - interval '40 days'`)
    assert.equal((await trash()).length, 1)
    await purgeJob.run(team.app.ctx, {}, new AbortController().signal)
    assert.equal((await trash()).length, 0)
    assert.deepEqual((await readAll()).now, living)
  })

  for (const [what, change] of [
    [
      'the past changes',
      () =>
        imported(team.app, team.admin, 'title,created_at', [
          ['Old', daysAgo(8)],
          ['New', ''],
        ]),
    ],
    ['a project comes into sight', () => team.join(hidden, team.otto, 'viewer')],
  ] as const) {
    test(`and does not add to it what is of another past, or of other rights: ${what} in between`, async (t) => {
      hidden = await team.newProject(what)
      await team.create(team.mia, { project_id: hidden })
      await plantTask(team.app, [{ valid_from: middayAgo(3), project_id: hidden, changed_by: team.mia.id }])
      for (const path of ['', '/periods?', '/periods?period=week']) {
        const whose = what === 'the past changes' ? team.admin : team.otto
        let changes = 0
        const names = listen(t, async (name) => {
          if (name.includes('/until/') && changes++ === 0) await change()
        })
        await team.create(team.mia, { project_id: hidden })
        await team.sql('update past_epoch set epoch = epoch + 1')
        const { body } = await team.app.send('GET', `${v1}/overview${path}`, { as: whose })
        t.mock.restoreAll()
        assert.deepEqual(
          names.map((name) => name.split(' ')[1]),
          ['until', 'since', 'both'],
        )
        if (path === '') assert.deepEqual(body, (await team.app.send('GET', `${v1}/overview`, { as: whose })).body)
        else await assertAsListed(team.app, whose, body.items.slice(-14))
        if (whose === team.otto) {
          await team.app.send('DELETE', `${v1}/projects/${hidden}/members/${team.otto.id}`, { as: team.admin })
        }
      }
    })
  }
})
