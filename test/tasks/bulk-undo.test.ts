import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CleanupStack, type Person } from '../support/app.ts'
import { openTransaction } from '../support/database.ts'
import { assertPointsTo, assertProblem } from '../support/problem.ts'
import { buildTeam, FULL_TASK, type Team, v1 } from './team.ts'

interface Written {
  id: number
  version: number
}

describe('changes taken back in one request', () => {
  const cleanup = new CleanupStack()
  let team: Team

  before(async () => {
    team = await buildTeam(cleanup)
  })
  after(() => cleanup.run())

  const change = async (as: Person, ids: number[], changes: object) =>
    (await team.app.send('PATCH', `${v1}/tasks`, { as, body: { ids, changes } })).body.changed as Written[]
  const undo = (as: Person, changed: unknown, headers?: Record<string, string>) =>
    team.app.send('POST', `${v1}/tasks/undo`, { as, body: { changed }, headers })
  const read = async (id: number) => (await team.read(team.admin, id)).body
  const refusals = async (as: Person, changed: Written[]) => {
    const { body } = await undo(as, changed)
    assert.deepEqual(body.undone, [])
    return Object.fromEntries(body.refused.map(({ id, code }: { id: number; code: string }) => [id, code]))
  }

  test('give every task every field of before, as a new version of one moment', async () => {
    const other = await team.newProject('Other')
    await team.join(other, team.olga, 'viewer')
    const { body: one } = await team.create(team.mia, FULL_TASK)
    const { body: two } = await team.create(team.mia, { title: 'Was never full' })
    await team.patch(team.mia, two.id, { priority: 'LOW' })
    const before = [one, await read(two.id)]
    const changes = { title: 'x', description: '', status: 'completed', priority: 'CRITICAL', labels: [] }
    const changed = await change(team.mia, [one.id, two.id], {
      ...{ ...changes, due_date: null, assigned_user: 'olga', project_id: other },
    })
    assert.deepEqual(changed, [
      { id: one.id, version: 2 },
      { id: two.id, version: 3 },
    ])
    const { status, body } = await undo(team.mia, changed.toReversed())
    assert.equal(status, 200)
    assert.deepEqual(body, {
      undone: [
        { id: one.id, version: 3 },
        { id: two.id, version: 4 },
      ],
      refused: [],
    })
    for (const [i, { id, version }] of body.undone.entries()) {
      const now = await read(id)
      assert.deepEqual(now, { ...before[i], version, updated_at: now.updated_at })
      assert.ok(now.updated_at >= before[i].updated_at)
    }
    const ids = [one.id, two.id]
    assert.equal(
      (await team.sql('select distinct valid_from, updated_at from tasks where id = any($1)', ids)).length,
      1,
    )
    const history = await team.sql(
      `select t.id, v.version, v.cause, v.changed_by, v.valid_to = coalesce(w.valid_from, t.valid_from) as joined
         from task_versions v join tasks t on t.id = v.task_id
         left join task_versions w on w.task_id = v.task_id and w.version = v.version + 1
        where t.id = any($1) order by 1, 2`,
      ids,
    )
    const by = { cause: 'api', changed_by: team.mia.id, joined: true }
    assert.deepEqual(history, [
      ...[1, 2].map((version) => ({ id: one.id, version, ...by })),
      ...[1, 2, 3].map((version) => ({ id: two.id, version, ...by })),
    ])
    const { items } = (await team.app.send('GET', `${v1}/tasks/${one.id}/history`, { as: team.olga })).body
    assert.deepEqual([items[0].version, items[0].cause, items[0].by], [3, 'revert', 'mia'])
  })

  test('can be taken back themselves, by what the answer says', async () => {
    const ids = [await team.make(team.olga, { external_id: 'Again' }), await team.make()]
    const changed = await change(team.olga, ids, { status: 'active' })
    const { body } = await undo(team.olga, changed)
    const redone = await undo(team.olga, body.undone)
    assert.deepEqual(
      redone.body.undone,
      ids.map((id) => ({ id, version: 4 })),
    )
    for (const id of ids) assert.equal((await read(id)).status, 'active')
  })

  test('leave what was changed since as it is, and say of each task why', async () => {
    const [mine, later, theirs, gone] = [
      await team.make(team.carl),
      await team.make(team.carl),
      await team.make(),
      await team.make(),
    ]
    const changed = await change(team.mia, [mine, later, theirs, gone], { title: 'By mistake' })
    await team.patch(team.mia, later, { priority: 'HIGH' })
    await team.remove(team.mia, gone)
    await team.sql('delete from tasks where id = $1', gone)
    const hidden = await team.make(team.admin, { project_id: await team.newProject('Hidden') })
    await team.patch(team.admin, hidden, { title: 'Unseen' })
    const { body } = await undo(team.carl, [...changed, { id: hidden, version: 2 }, { id: 888_888, version: 2 }])
    const missing = (id: number) => ({ id, code: 'TASK_NOT_FOUND', detail: `There is no task ${id}.` })
    assert.deepEqual(body, {
      undone: [{ id: mine, version: 3 }],
      refused: [
        { id: later, code: 'VERSION_MISMATCH', detail: 'The task has changed since you read it.' },
        { id: theirs, code: 'TASK_FORBIDDEN', detail: 'You may change only tasks you created or are assigned.' },
        missing(gone),
        missing(hidden),
        missing(888_888),
      ].sort((a, b) => a.id - b.id),
    })
    assert.deepEqual(
      (await Promise.all([mine, later, theirs].map(read))).map(({ title, version }) => [title, version]),
      [
        ['Water the plants', 3],
        ['By mistake', 3],
        ['By mistake', 2],
      ],
    )
    assert.deepEqual(await refusals(team.carl, [{ id: mine, version: 2 }]), { [mine]: 'VERSION_MISMATCH' })
  })

  test('bring deleted tasks back; what was no task before stays', async () => {
    const ids = [await team.make(team.olga, { title: 'One' }), await team.make(team.olga, { title: 'Two' })]
    const { body } = await team.app.send('DELETE', `${v1}/tasks`, { as: team.olga, body: { ids } })
    const back = await undo(team.olga, body.deleted)
    assert.deepEqual(
      back.body.undone,
      ids.map((id) => ({ id, version: 3 })),
    )
    const [row] = await team.sql('select deleted_at, deletion_id, title from tasks where id = $1', ids[0])
    assert.deepEqual(row, { deleted_at: null, deletion_id: null, title: 'One' })
    assert.deepEqual(await refusals(team.olga, back.body.undone), {
      [String(ids[0])]: 'VERSION_DELETED',
      [String(ids[1])]: 'VERSION_DELETED',
    })
  })

  test('need what a change to that state needs: project, assignee, external_id', async () => {
    const elsewhere = await team.newProject('Elsewhere')
    await team.join(elsewhere, team.carl, 'contributor')
    await team.join(elsewhere, team.olga, 'viewer')
    const id = await team.make(team.mia, { project_id: elsewhere, assigned_user: 'carl', external_id: 'X' })
    await change(team.mia, [id], { project_id: team.project, assigned_user: 'olga' })
    const changed = [{ id, version: 2 }]
    assert.deepEqual(await refusals(team.olga, changed), { [id]: 'PROJECT_FORBIDDEN' })
    await team.app.send('DELETE', `${v1}/projects/${elsewhere}/members/${team.carl.id}`, { as: team.mia })
    assert.deepEqual(await refusals(team.mia, changed), { [id]: 'UNKNOWN_ASSIGNEE' })
    await team.join(elsewhere, team.carl, 'contributor')
    await team.sql('update users set disabled_at = now() where id = $1', team.carl.id)
    assert.deepEqual(await refusals(team.mia, changed), { [id]: 'UNKNOWN_ASSIGNEE' })
    await team.sql('update users set disabled_at = null where id = $1', team.carl.id)
    const taker = await team.make(team.mia, { project_id: elsewhere, external_id: 'X' })
    assert.deepEqual(await refusals(team.mia, changed), { [id]: 'EXTERNAL_ID_TAKEN' })
    await team.remove(team.mia, taker)
    await team.app.send('PATCH', `${v1}/projects/${elsewhere}`, { as: team.mia, body: { archived: true } })
    assert.deepEqual(await refusals(team.mia, changed), { [id]: 'PROJECT_ARCHIVED' })
    await team.app.send('PATCH', `${v1}/projects/${elsewhere}`, { as: team.mia, body: { archived: false } })
    assert.deepEqual((await undo(team.mia, changed)).body.undone, [{ id, version: 3 }])
    assert.deepEqual([(await read(id)).assigned_user, (await read(id)).external_id], ['carl', 'X'])
  })

  test('do not tell what a task was where one may not read, nor what is not kept', async () => {
    const secret = await team.newProject('Secret')
    const [hidden, forgotten] = [await team.make(team.mia, { project_id: secret, title: 'Hidden' }), await team.make()]
    await team.patch(team.mia, hidden, { project_id: team.project, assigned_user: 'olga' })
    await team.patch(team.olga, forgotten, { title: 'Only this is known' })
    await team.sql('delete from task_versions where task_id = $1', forgotten)
    const changed = [hidden, forgotten].map((id) => ({ id, version: 2 }))
    const { body } = await undo(team.olga, changed)
    assert.deepEqual(
      body.refused,
      [hidden, forgotten].map((id) => ({
        ...{ id, code: 'VERSION_NOT_FOUND', detail: 'There is no version 1 of the task.' },
      })),
    )
  })

  test('of two that would get the same external_id the first one gets it', async () => {
    const [left, right, target] = [await team.newProject('L'), await team.newProject('R'), await team.newProject('T')]
    const a = await team.make(team.mia, { project_id: left, external_id: 'K' })
    await team.patch(team.mia, a, { external_id: null, project_id: target })
    const b = await team.make(team.mia, { project_id: left, external_id: 'K' })
    await team.patch(team.mia, b, { external_id: null, project_id: right })
    const { body } = await undo(team.mia, [
      { id: b, version: 2 },
      { id: a, version: 2 },
    ])
    assert.deepEqual(body.undone, [{ id: a, version: 3 }])
    assert.deepEqual(
      body.refused.map(({ id, code }: { id: number; code: string }) => [id, code]),
      [[b, 'EXTERNAL_ID_TAKEN']],
    )
  })

  test('let a task have its external_id again that another of them gives up', async () => {
    const first = await team.make(team.mia, { external_id: 'SWAP-1' })
    await team.patch(team.mia, first, { external_id: null })
    const second = await team.make(team.mia, { external_id: 'SWAP-2' })
    await team.patch(team.mia, second, { external_id: 'SWAP-1' })
    const { body } = await undo(team.mia, [
      { id: first, version: 2 },
      { id: second, version: 2 },
    ])
    assert.deepEqual([body.undone.length, body.refused.length], [2, 0])
    assert.deepEqual([(await read(first)).external_id, (await read(second)).external_id], ['SWAP-1', 'SWAP-2'])
  })

  test('with an Idempotency-Key happen once, and are told again', async () => {
    const changed = await change(team.olga, [await team.make(), await team.make()], { title: 'Changed' })
    const key = { 'idempotency-key': 'undo-once' }
    const first = await undo(team.olga, changed, key)
    const again = await undo(team.olga, changed, key)
    assert.equal(first.body.undone.length, 2)
    assert.deepEqual([again.status, again.text, again.headers['idempotent-replayed']], [200, first.text, 'true'])
    for (const { id } of changed) assert.equal((await read(id)).version, 3)
  })

  test('that come while a task is being changed leave that one, and take the others back', async (t) => {
    const changed = await change(team.olga, [await team.make(), await team.make()], { title: 'Changed' })
    const [busy, free] = changed.map(({ id }) => id)
    const tx = await openTransaction(t, team.app.databaseUrl)
    await tx.query({
      text: `update tasks set title = 'Later', version = version + 1, valid_from = clock_timestamp() where id = $1`,
      values: [busy],
    })
    const late = undo(team.olga, changed)
    await tx.someoneWaits()
    await tx.commit()
    const { body } = await late
    assert.deepEqual(body.undone, [{ id: free, version: 3 }])
    assert.deepEqual([body.refused[0].id, body.refused[0].code], [busy, 'VERSION_MISMATCH'])
    assert.equal((await read(Number(busy))).title, 'Later')
  })

  test('of a change that came while they waited for another task are done as well', async (t) => {
    const [first, second] = [await team.make(), await team.make()]
    await team.patch(team.olga, first, { title: 'Changed' })
    const gate = await openTransaction(t, team.app.databaseUrl)
    await gate.query({ text: 'select from tasks where id = $1 for update', values: [first] })
    const waiting = undo(
      team.olga,
      [first, second].map((id) => ({ id, version: 2 })),
    )
    await gate.someoneWaits()
    await team.patch(team.olga, second, { title: 'Changed' })
    await gate.commit()
    assert.deepEqual((await waiting).body, {
      undone: [first, second].map((id) => ({ id, version: 3 })),
      refused: [],
    })
  })

  test('over the same tasks in opposite order are done once, and none gets stuck', async (t) => {
    const ids: number[] = []
    for (let i = 0; i < 20; i++) ids.push(await team.make())
    const changed = await change(team.olga, ids, { title: 'Changed' })
    const gate = await openTransaction(t, team.app.databaseUrl)
    await gate.query({ text: 'select from tasks where id = $1 for update', values: [ids[0]] })
    const both = [undo(team.mia, changed), undo(team.mia, changed.toReversed())]
    await gate.someoneWaits(2)
    await gate.commit()
    const counts = (await Promise.all(both)).map(({ body }) => [body.undone.length, body.refused.length])
    assert.deepEqual(counts.toSorted(), [
      [0, 20],
      [20, 0],
    ])
    for (const id of ids) assert.equal(await team.versions(id), 2)
  })

  test('take the tasks in the order of their ids, wherever the table has them', async (t) => {
    const ids: number[] = []
    for (let i = 0; i < 30; i++) ids.push(await team.make())
    const [first = 0, ...others] = ids
    const changed = await change(team.olga, ids, { title: 'Changed' })
    await team.patch(team.olga, first, { title: 'Written last, so the last one in the table' })
    const [gate, probe] = [
      await openTransaction(t, team.app.databaseUrl),
      await openTransaction(t, team.app.databaseUrl),
    ]
    await gate.query({ text: 'select from tasks where id = $1 for update', values: [first] })
    const waiting = undo(team.olga, [
      ...changed.filter(({ id }) => id !== first).toReversed(),
      { id: first, version: 3 },
    ])
    await gate.someoneWaits()
    // Fails when one of them is locked already by who waits for the first.
    await probe.query({ text: 'select from tasks where id = any($1) for update nowait', values: [others] })
    await probe.commit()
    await gate.commit()
    assert.equal((await waiting).body.undone.length, 30)
  })

  test('must name each task once, with a version that a change can have made', async () => {
    const id = await team.make()
    assertPointsTo(
      await undo(team.olga, [
        { id, version: 2 },
        { id, version: 3 },
      ]),
      '/changed',
      'body',
    )
    assertPointsTo(await undo(team.olga, [{ id, version: 1 }]), '/changed/0/version', 'body')
    const many = Array.from({ length: 10_001 }, (_, i) => ({ id: i + 1, version: 2 }))
    for (const changed of [undefined, [], many, [id], [{ id }], [{ id: String(id), version: 2 }]]) {
      assertProblem(await undo(team.olga, changed), 400, 'INVALID_REQUEST')
    }
  })

  test('ten thousand are taken back well within the time of a statement', async () => {
    await team.sql(
      `insert into tasks (project_id, title, status, priority, created_by, created_at, updated_at, valid_from, changed_by,
                          assigned_user_id)
       select $1, 'One of many', 'pending', 'LOW', $2, now(), now(), now(), $2, $3 from generate_series(1, 10000)`,
      ...[team.project, team.mia.id, team.carl.id],
    )
    const ids = (await team.sql(`select id from tasks where title = 'One of many'`)).map(({ id }) => id as number)
    const changed = await change(team.mia, ids, { status: 'active', assigned_user: 'olga', labels: ['bulk'] })
    const { body } = await undo(team.mia, changed)
    assert.deepEqual([body.undone.length, body.refused.length], [10_000, 0])
    const [same] = await team.sql(
      `select count(*) as n from tasks where id = any($1) and status = 'pending' and assigned_user_id = $2 and version = 3
          and labels = '{}'`,
      ids,
      team.carl.id,
    )
    assert.deepEqual(same, { n: 10_000 })
    assert.equal((await undo(team.mia, changed)).body.refused.length, 10_000)
    assert.equal((await undo(team.otto, changed)).body.refused[0].code, 'TASK_NOT_FOUND')
  })
})
