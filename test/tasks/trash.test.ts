import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { purgeJob } from '../../src/tasks/jobs.ts'
import { CleanupStack, type Person, startApp } from '../support/app.ts'
import { openTransaction } from '../support/database.ts'
import { assertProblem } from '../support/problem.ts'
import { buildTeam, type Team, v1 } from './team.ts'

interface Item {
  id: number
  title: string
  deleted_at: string
  deleted_by: string
  deletion_id: string
}

describe('the trash', () => {
  const cleanup = new CleanupStack()
  let team: Team

  before(async () => {
    team = await buildTeam(cleanup)
  })
  after(() => cleanup.run())

  const makeMany = (count: number) => Promise.all(Array.from({ length: count }, () => team.make()))
  const trash = async (query = '', as: Person = team.mia) =>
    (await team.app.send('GET', `${v1}/trash?limit=100${query}`, { as })).body.items as Item[]
  const trashed = async (id: number, as?: Person) => (await trash('', as)).find((item) => item.id === id)
  const restore = (as: Person, id: number) => team.app.send('POST', `${v1}/tasks/${id}/restore`, { as })
  const removeMany = async (as: Person, ids: number[]) =>
    (await team.app.send('DELETE', `${v1}/tasks`, { as, body: { ids } })).body.deletion_id as string
  const restoreAll = (as: Person, deletion_id: string) =>
    team.app.send('POST', `${v1}/trash/restore`, { as, body: { deletion_id } })

  test('holds a deleted task as it was, with who deleted it and when', async () => {
    const { body: task } = await team.create(team.olga, { labels: ['green'], assigned_user: 'carl' })
    await team.remove(team.carl, task.id)
    const item = await trashed(task.id)
    assert.ok(item)
    const { deleted_at, deleted_by, deletion_id, updated_at, version, ...rest } = item as Item & Record<string, unknown>
    const { updated_at: _before, version: _first, ...same } = task
    assert.deepEqual(rest, same)
    assert.deepEqual([deleted_by, version], ['carl', 2])
    assert.ok(Math.abs(Date.parse(deleted_at) - Date.now()) < 60_000)
    assert.match(deletion_id, /^[0-9a-f-]{36}$/)
    assert.ok(String(updated_at) >= task.updated_at)
  })

  test('each request that deletes has an id of its own, on the original routes as well', async () => {
    const [one, two] = [await team.make(), await team.make()]
    await team.remove(team.olga, one)
    assert.equal((await team.app.send('DELETE', `/task/${two}`, { as: team.olga })).status, 200)
    const ids = [(await trashed(one))?.deletion_id, (await trashed(two))?.deletion_id]
    assert.ok(ids[0] && ids[1] && ids[0] !== ids[1])
    assert.deepEqual(
      (await trash(`&deletion_id=${ids[1]}`)).map(({ id }) => id),
      [two],
    )
  })

  test('is listed latest deletion first, in pages that neither skip nor repeat', async () => {
    const project = await team.newProject('Pages')
    const ids = await Promise.all(Array.from({ length: 7 }, () => team.make(team.mia, { project_id: project })))
    await removeMany(team.mia, ids.slice(0, 5)) // all five at the same moment
    for (const id of ids.slice(5)) await team.remove(team.mia, id)
    const seen: number[] = []
    let cursor = ''
    for (let page = 0; page < 4; page++) {
      const url = `${v1}/trash?project_id=${project}&limit=2${cursor && `&cursor=${cursor}`}`
      const { body } = await team.app.send('GET', url, { as: team.mia })
      seen.push(...body.items.map(({ id }: Item) => id))
      cursor = body.next_cursor
    }
    assert.equal(cursor, null)
    const [a, b, c, d, e, f, g] = ids
    assert.deepEqual(seen, [g, f, ...[a, b, c, d, e].sort((x, y) => Number(y) - Number(x))])
  })

  test('shows only what the asker may read', async () => {
    const id = await team.make()
    await team.remove(team.olga, id)
    assert.ok(await trashed(id, team.carl))
    assert.ok(await trashed(id, team.admin))
    assert.equal(await trashed(id, team.otto), undefined)
    assertProblem(await team.app.send('GET', `${v1}/trash?deletion_id=DROP`, { as: team.mia }), 400)
  })

  test('gives a task back as a new version of it', async () => {
    const { body: task } = await team.create(team.olga, { description: 'As it was' })
    await team.remove(team.olga, task.id)
    const answer = await restore(team.olga, task.id)
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.etag, '"3"')
    assert.ok(answer.body.updated_at > task.updated_at)
    assert.deepEqual(answer.body, { ...task, version: 3, updated_at: answer.body.updated_at })
    assert.deepEqual((await team.read(team.carl, task.id)).body, answer.body)
    assert.equal(await trashed(task.id), undefined)
    const versions = await team.sql(
      `select version, deleted_at is not null as deleted, deletion_id is not null as batch, changed_by, cause
         from task_versions where task_id = $1 order by version`,
      task.id,
    )
    const by = { changed_by: team.olga.id, cause: 'api' }
    assert.deepEqual(versions, [
      { version: 1, deleted: false, batch: false, ...by },
      { version: 2, deleted: true, batch: true, ...by },
    ])
    const [row] = await team.sql(
      'select deleted_at, deletion_id, cause, valid_from > $2 as later from tasks where id = $1',
      task.id,
      task.updated_at,
    )
    assert.deepEqual(row, { deleted_at: null, deletion_id: null, cause: 'api', later: true })
  })

  test('gives back only to whom the task may be changed by, and says why not', async () => {
    const id = await team.make()
    assertProblem(await restore(team.olga, id), 409, 'TASK_NOT_DELETED')
    await team.remove(team.olga, id)
    assertProblem(await restore(team.carl, id), 403, 'TASK_FORBIDDEN')
    const hidden = await restore(team.otto, id)
    assertProblem(hidden, 404, 'TASK_NOT_FOUND')
    assert.equal(
      hidden.text.replaceAll(String(id), 'ID'),
      (await restore(team.otto, 777_777)).text.replaceAll('777777', 'ID'),
    )
    const archive = (archived: boolean) =>
      team.app.send('PATCH', `${v1}/projects/${team.project}`, { as: team.mia, body: { archived } })
    await archive(true)
    assertProblem(await restore(team.olga, id), 409, 'PROJECT_ARCHIVED')
    await archive(false)
    assert.ok(await trashed(id), 'nothing of that restored it')
    assert.equal((await restore(team.mia, id)).status, 200)
  })

  test('does not keep an external_id from others; who comes back too late is told', async () => {
    const id = await team.make(team.olga, { external_id: 'T-1' })
    await team.remove(team.olga, id)
    const next = await team.create(team.olga, { external_id: 'T-1' })
    assert.equal(next.status, 201)
    assertProblem(await restore(team.olga, id), 409, 'EXTERNAL_ID_TAKEN')
    await team.remove(team.olga, next.body.id)
    assert.equal((await restore(team.olga, id)).body.external_id, 'T-1')
  })

  test('gives back everything that one request deleted, and nothing else', async () => {
    const ids = await makeMany(5)
    const [before, ...batch] = ids as [number, ...number[]]
    await team.remove(team.olga, before)
    const deletion = await removeMany(team.olga, batch)
    const { body, status } = await restoreAll(team.olga, deletion)
    assert.equal(status, 200)
    assert.deepEqual(body, { restored: batch.sort((a, b) => a - b).map((id) => ({ id, version: 3 })), refused: [] })
    for (const id of batch) assert.equal((await team.read(team.olga, id)).body.version, 3)
    assert.ok(await trashed(before))
    assertProblem(await restoreAll(team.olga, deletion), 404, 'DELETION_NOT_FOUND')
  })

  test('says of what it does not give back why', async () => {
    const theirs = await team.make(team.carl)
    const mine = await team.make(team.olga)
    const keyed = await team.make(team.olga, { external_id: 'T-2' })
    const elsewhere = await team.newProject('Elsewhere')
    const hidden = await team.make(team.mia, { project_id: elsewhere })
    const deletion = await removeMany(team.mia, [theirs, mine, keyed, hidden])
    await team.make(team.carl, { external_id: 'T-2' })
    const { body } = await restoreAll(team.olga, deletion)
    assert.deepEqual(body, {
      restored: [{ id: mine, version: 3 }],
      refused: [
        { id: theirs, code: 'TASK_FORBIDDEN', detail: 'You may change only tasks you created or are assigned.' },
        { id: keyed, code: 'EXTERNAL_ID_TAKEN', detail: 'Another task of the project has the external_id T-2.' },
      ],
    })
    assertProblem(await restoreAll(team.otto, deletion), 404, 'DELETION_NOT_FOUND')
    assertProblem(await restoreAll(team.mia, randomUUID()), 404, 'DELETION_NOT_FOUND')
  })

  test('two who give back the same at once: each task comes back once', async (t) => {
    const ids = await makeMany(3)
    const deletion = await removeMany(team.olga, ids)
    const tx = await openTransaction(t, team.app.databaseUrl)
    await tx.query({ text: 'select from tasks where id = $1 for update', values: [ids[0]] })
    const both = [restoreAll(team.olga, deletion), restoreAll(team.mia, deletion), restore(team.olga, ids[0] as number)]
    await tx.someoneWaits(3)
    await tx.commit()
    const answers = await Promise.all(both)
    assert.ok(answers.every(({ status }) => [200, 404, 409].includes(status)))
    for (const id of ids) {
      assert.equal((await team.read(team.olga, id)).body.version, 3)
      assert.equal(await team.versions(id), 2)
    }
  })
})

describe('what was deleted', () => {
  const cleanup = new CleanupStack()
  let team: Team

  before(async () => {
    team = await buildTeam(cleanup, { env: { TRASH_DAYS: '30' } })
  })
  after(() => cleanup.run())

  /** Moves a task and its whole history into the past, so that a test need not wait for days. */
  async function shift(id: number, days: number): Promise<void> {
    await team.app.ctx.db.transaction(async (tx) => {
      await tx.query({ text: 'alter table tasks disable trigger tasks_history' })
      await tx.query({
        text: `update tasks set created_at = created_at - make_interval(days => $2), valid_from = valid_from -
                 make_interval(days => $2), deleted_at = deleted_at - make_interval(days => $2) where id = $1`,
        values: [id, days],
      })
      await tx.query({
        text: `update task_versions set created_at = created_at - make_interval(days => $2), valid_from = valid_from -
                 make_interval(days => $2), valid_to = valid_to - make_interval(days => $2) where task_id = $1`,
        values: [id, days],
      })
      await tx.query({ text: 'alter table tasks enable trigger tasks_history' })
      await tx.query({ text: 'update past_epoch set epoch = epoch + 1' })
    })
  }

  const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10)
  const purge = () => purgeJob.run(team.app.ctx, {}, new AbortController().signal)
  const rows = async (id: number) =>
    (await team.app.ctx.db.query({ text: 'select from tasks where id = $1', values: [id] })).rows.length

  /** Where the task is to be seen: every list and count of the product. */
  async function whereabouts(id: number, pastDay: string) {
    const get = async (url: string) => (await team.app.send('GET', url, { as: team.mia })).body
    const has = (tasks: { id: number }[]) => tasks.some((task) => task.id === id)
    const [log, past, list, trash] = [
      await get('/tasks?per_page=100'),
      await get(`/tasks?per_page=100&date=${pastDay}`),
      await get(`${v1}/tasks?limit=100`),
      await get(`${v1}/trash?limit=100`),
    ]
    for (const { tasks, total } of [log, past]) assert.equal(tasks.length, total)
    assert.equal(list.items.length, log.total, 'both lists count the same')
    return {
      today: has(log.tasks),
      list: has(list.items),
      read: (await team.read(team.mia, id)).status === 200,
      trash: has(trash.items),
      past: has(past.tasks),
    }
  }

  const LIVING = { today: true, list: true, read: true, trash: false, past: true }
  const DELETED = { today: false, list: false, read: false, trash: true, past: true }
  const PURGED = { ...DELETED, trash: false }

  test('is in the trash and in the logs of the days it lived; every list and count agrees', async () => {
    const id = (await team.create(team.olga)).body.id as number
    await team.create(team.olga)
    await shift(id, 2)
    const yesterday = daysAgo(1)
    assert.deepEqual(await whereabouts(id, yesterday), LIVING)
    await team.remove(team.olga, id)
    assert.deepEqual(await whereabouts(id, yesterday), DELETED)
    await team.app.send('POST', `${v1}/tasks/${id}/restore`, { as: team.olga })
    assert.deepEqual(await whereabouts(id, yesterday), LIVING)
    await team.remove(team.olga, id)
    await purge()
    assert.deepEqual(await whereabouts(id, yesterday), DELETED, 'its time has not come')
    await shift(id, 31)
    const lived = daysAgo(32)
    assert.deepEqual(await whereabouts(id, lived), DELETED)
    await purge()
    assert.deepEqual(await whereabouts(id, lived), PURGED)
    assert.deepEqual(await whereabouts(id, yesterday), { ...PURGED, past: false })
    assert.equal(await rows(id), 0)
    await purge()
    assert.deepEqual(await whereabouts(id, lived), PURGED, 'and again')
  })

  test('is ended by the purge with a last version that names who deleted it', async () => {
    const id = (await team.create(team.olga)).body.id as number
    await team.remove(team.mia, id)
    await shift(id, 31)
    await purge()
    const text = `select version, changed_by, deleted_at is not null as deleted, deletion_id is not null as batch
                    from task_versions where task_id = $1 order by version`
    const { rows: versions } = await team.app.ctx.db.query({ text, values: [id] })
    assert.deepEqual(versions, [
      { version: 1, changed_by: team.olga.id, deleted: false, batch: false },
      { version: 2, changed_by: team.mia.id, deleted: true, batch: true },
    ])
    assertProblem(await team.app.send('POST', `${v1}/tasks/${id}/restore`, { as: team.mia }), 404, 'TASK_NOT_FOUND')
  })

  test('is never purged while somebody is giving it back, nor with TRASH_DAYS=0', async (t) => {
    const id = (await team.create(team.olga)).body.id as number
    await team.remove(team.olga, id)
    await shift(id, 40)
    const keeping = await startApp(t, { databaseUrl: team.app.databaseUrl, env: { TRASH_DAYS: '0' } })
    await purgeJob.run(keeping.ctx, {}, new AbortController().signal)
    assert.equal(await rows(id), 1)
    const tx = await openTransaction(t, team.app.databaseUrl)
    await tx.query({
      text: `update tasks set deleted_at = null, deletion_id = null, version = version + 1, valid_from = clock_timestamp()
              where id = $1`,
      values: [id],
    })
    await purge()
    await tx.commit()
    assert.equal((await team.read(team.olga, id)).status, 200)
  })
})
