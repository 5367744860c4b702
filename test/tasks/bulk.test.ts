import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Answer, CleanupStack, type Person } from '../support/app.ts'
import { openTransaction } from '../support/database.ts'
import { assertPointsTo, assertProblem } from '../support/problem.ts'
import { buildTeam, type Team, v1 } from './team.ts'

const FORBIDDEN = { code: 'TASK_FORBIDDEN', detail: 'You may change only tasks you created or are assigned.' }
const NOT_FOUND = (id: number) => ({ id, code: 'TASK_NOT_FOUND', detail: `There is no task ${id}.` })

describe('many tasks in one request', () => {
  const cleanup = new CleanupStack()
  let team: Team

  before(async () => {
    team = await buildTeam(cleanup)
  })
  after(() => cleanup.run())

  const makeMany = async (count: number, as: Person = team.olga, body?: object) => {
    const ids: number[] = []
    for (let i = 0; i < count; i++) ids.push(await team.make(as, body))
    return ids
  }
  const change = (as: Person, what: object, changes: object) =>
    team.app.send('PATCH', `${v1}/tasks`, { as, body: { ...what, changes } })
  const remove = (as: Person, what: object) => team.app.send('DELETE', `${v1}/tasks`, { as, body: what })
  const read = async (id: number, as: Person = team.admin) => (await team.read(as, id)).body

  test('are changed member by member, each with a version and a history of its own', async () => {
    const [a, b] = [await team.make(team.olga, { labels: ['x'] }), await team.make(team.olga, { description: 'Kept' })]
    await team.patch(team.olga, b, { title: 'Second version' })
    const { status, body } = await change(
      team.olga,
      { ids: [b, a] },
      { status: 'active', labels: ['b', 'a', 'b'].slice(0, 2) },
    )
    assert.equal(status, 200)
    assert.deepEqual(body, {
      changed: [
        { id: a, version: 2 },
        { id: b, version: 3 },
      ],
      unchanged: [],
      refused: [],
    })
    const [first, second] = [await read(a), await read(b)]
    assert.deepEqual(
      [first.status, first.labels, first.title, first.version],
      ['active', ['a', 'b'], 'Water the plants', 2],
    )
    assert.deepEqual([second.status, second.description, second.title], ['active', 'Kept', 'Second version'])
    const moments = await team.sql('select distinct updated_at, valid_from from tasks where id = any($1)', [a, b])
    assert.equal(moments.length, 1, 'at one moment, to the microsecond')
    const versions = await team.sql(
      `select v.task_id as id, v.version, v.status, v.changed_by, v.cause, v.valid_to = t.valid_from as joined
         from task_versions v join tasks t on t.id = v.task_id where v.task_id = any($1)
        order by v.task_id, v.version`,
      [a, b],
    )
    const by = { status: 'pending', changed_by: team.olga.id, cause: 'api' }
    assert.deepEqual(versions, [
      { id: a, version: 1, ...by, joined: true },
      { id: b, version: 1, ...by, joined: false },
      { id: b, version: 2, ...by, joined: true },
    ])
  })

  test('get no version where nothing changes', async () => {
    const [same, other] = [await team.make(team.olga, { labels: ['a', 'b'] }), await team.make()]
    const { body } = await change(team.olga, { ids: [same, other] }, { labels: ['b', 'a'] })
    assert.deepEqual(body, { changed: [{ id: other, version: 2 }], unchanged: [same], refused: [] })
    assert.equal(await team.versions(same), 0)
  })

  test('are refused one by one, as a request for each alone would be; what is hidden is as what never was', async () => {
    const mine = await team.make(team.carl)
    const theirs = await team.make(team.olga)
    const archived = await team.newProject('Archived')
    await team.join(archived, team.carl, 'contributor')
    const kept = await team.make(team.carl, { project_id: archived })
    await team.app.send('PATCH', `${v1}/projects/${archived}`, { as: team.mia, body: { archived: true } })
    const hidden = await team.make(team.admin, { project_id: await team.newProject('Hidden') })
    const gone = await team.make(team.carl)
    await team.remove(team.carl, gone)
    const ids = [mine, theirs, kept, hidden, gone, 888_888]
    const before = await Promise.all([theirs, kept, hidden].map((id) => read(id)))
    const { body } = await change(team.carl, { ids }, { priority: 'HIGH' })
    const refused = [
      { id: theirs, ...FORBIDDEN },
      { id: kept, code: 'PROJECT_ARCHIVED', detail: 'The project is archived; nothing in it can be changed.' },
      ...[hidden, gone, 888_888].map(NOT_FOUND),
    ].sort((a, b) => a.id - b.id)
    assert.deepEqual(body, { changed: [{ id: mine, version: 2 }], unchanged: [], refused })
    for (const { id, code, detail } of refused) {
      const alone = await team.patch(team.carl, id, { priority: 'HIGH' })
      assert.deepEqual([alone.body.code, alone.body.detail], [code, detail])
    }
    const deleted = await remove(team.carl, { ids: ids.filter((id) => id !== mine) })
    assert.deepEqual(deleted.body, { deleted: [], deletion_id: null, refused })
    assert.deepEqual(await Promise.all([theirs, kept, hidden].map((id) => read(id))), before)
  })

  test('are given only to who may have them, and who has one already may keep it', async () => {
    const [one, two] = [await team.make(team.olga, { assigned_user: 'carl' }), await team.make()]
    const refused = await change(team.mia, { ids: [one, two] }, { assigned_user: 'otto' })
    const detail = 'assigned_user: otto is not an active member of the project'
    assert.deepEqual(
      refused.body.refused,
      [one, two].map((id) => ({ id, code: 'UNKNOWN_ASSIGNEE', detail })),
    )
    await team.sql('delete from project_members where user_id = $1 and project_id = $2', team.carl.id, team.project)
    const kept = await change(team.mia, { ids: [one, two] }, { assigned_user: 'CARL', status: 'active' })
    await team.join(team.project, team.carl, 'contributor')
    assert.deepEqual(kept.body.changed, [{ id: one, version: 2 }])
    assert.deepEqual(
      kept.body.refused.map(({ id, code }: { id: number; code: string }) => [id, code]),
      [[two, 'UNKNOWN_ASSIGNEE']],
    )
    const given = await change(team.mia, { ids: [one, two] }, { assigned_user: 'ada' })
    assert.equal(given.body.changed.length, 2, 'an administrator may be given every task')
    assert.equal((await change(team.mia, { ids: [one, two] }, { assigned_user: null })).body.changed.length, 2)
    assert.equal((await read(two)).assigned_user, null)
  })

  test('move only to where the mover may create, and bring no external_id twice', async () => {
    const target = await team.newProject('Target')
    await team.join(target, team.olga, 'contributor')
    const other = await team.newProject('Other')
    await team.join(other, team.olga, 'contributor')
    const plain = await team.make()
    const first = await team.make(team.olga, { external_id: 'M-1' })
    const second = await team.make(team.olga, { external_id: 'M-1', project_id: other })
    const there = await team.make(team.mia, { external_id: 'M-2', project_id: target })
    const taken = await team.make(team.olga, { external_id: 'M-2' })
    const { body } = await change(team.olga, { ids: [plain, first, second, taken] }, { project_id: target })
    assert.deepEqual(body, {
      changed: [plain, first].map((id) => ({ id, version: 2 })),
      unchanged: [],
      refused: [
        { id: second, code: 'EXTERNAL_ID_TAKEN', detail: 'Another task of the project has the external_id M-1.' },
        { id: taken, code: 'EXTERNAL_ID_TAKEN', detail: 'Another task of the project has the external_id M-2.' },
      ],
    })
    assert.deepEqual([(await read(first)).project_id, (await read(second)).project_id], [target, other])
    assert.ok(there)
    const hidden = await team.newProject('Hidden target', team.admin)
    const refusedAs = async (project_id: number) =>
      (await change(team.olga, { ids: [plain, taken] }, { project_id })).body.refused.map(
        ({ code }: { code: string }) => code,
      )
    assert.deepEqual(await refusedAs(hidden), ['PROJECT_NOT_FOUND', 'PROJECT_NOT_FOUND'])
    await team.join(hidden, team.olga, 'viewer')
    assert.deepEqual(await refusedAs(hidden), ['PROJECT_FORBIDDEN', 'PROJECT_FORBIDDEN'])
  })

  test('are deleted under one id, which restores them', async () => {
    const ids = await makeMany(3)
    const { body, status } = await remove(team.olga, { ids: ids.toReversed() })
    assert.equal(status, 200)
    assert.deepEqual(
      body.deleted,
      ids.map((id) => ({ id, version: 2 })),
    )
    for (const id of ids) assertProblem(await team.read(team.admin, id), 404)
    const { body: trash } = await team.app.send('GET', `${v1}/trash?deletion_id=${body.deletion_id}`, { as: team.olga })
    assert.deepEqual(
      trash.items.map(({ id }: { id: number }) => id),
      ids.toReversed(),
    )
    const again = await remove(team.olga, { ids })
    assert.deepEqual(again.body, { deleted: [], deletion_id: null, refused: ids.map(NOT_FOUND) })
    const restored = await team.app.send('POST', `${v1}/trash/restore`, {
      as: team.olga,
      body: { deletion_id: body.deletion_id },
    })
    assert.deepEqual(
      restored.body.restored.map(({ id }: { id: number }) => id),
      ids,
    )
  })

  test('must be named in one way, and the changes must be changes', async () => {
    const id = await team.make()
    const changes = { title: 'x' }
    for (const what of [{}, { ids: [id], filter: { status: 'pending' } }]) {
      assertProblem(await change(team.olga, what, changes), 400, 'INVALID_REQUEST')
      assertProblem(await remove(team.olga, what), 400, 'INVALID_REQUEST')
    }
    for (const ids of [[], [id, id], [0], [1.5], [String(id)], Array.from({ length: 10_001 }, (_, i) => i + 1)]) {
      assertProblem(await change(team.olga, { ids }, changes), 400, 'INVALID_REQUEST')
      assertProblem(await remove(team.olga, { ids }), 400, 'INVALID_REQUEST')
    }
    assertProblem(await change(team.olga, { ids: [id] }, {}), 400, 'INVALID_REQUEST')
    assertPointsTo(await change(team.olga, { ids: [id] }, { external_id: 'x' }), '/changes/external_id', 'body')
    assertPointsTo(await change(team.olga, { ids: [id] }, { created_by: 'x' }), '/changes/created_by', 'body')
    assertPointsTo(await change(team.olga, { filter: { colour: 'red' } }, changes), '/filter/colour', 'body')
    assert.equal((await read(id)).version, 1)
  })

  test('of two requests over the same tasks in opposite order each is done whole, and none gets stuck', async (t) => {
    const ids = await makeMany(20)
    const gate = await openTransaction(t, team.app.databaseUrl)
    await gate.query({ text: 'select from tasks where id = $1 for update', values: [ids[0]] })
    const both = [
      change(team.mia, { ids }, { title: 'Upwards', status: 'active' }),
      change(team.mia, { ids: ids.toReversed() }, { title: 'Downwards', priority: 'LOW' }),
    ]
    await gate.someoneWaits(2)
    await gate.commit()
    for (const { status, body } of await Promise.all(both)) {
      assert.equal(status, 200)
      assert.equal(body.changed.length, 20)
    }
    const states = await Promise.all(ids.map((id) => read(id)))
    assert.equal(new Set(states.map(({ title }) => title)).size, 1)
    assert.ok(
      states.every(({ status, priority, version }) => status === 'active' && priority === 'LOW' && version === 3),
    )
    for (const id of ids) assert.equal(await team.versions(id), 2)
    const deadlocks = await team.sql('select deadlocks as n from pg_stat_database where datname = current_database()')
    assert.deepEqual(deadlocks, [{ n: 0 }])
  })

  test('are taken in the order of their ids, wherever the table has them', async (t) => {
    const ids = await makeMany(30)
    const [first = 0, ...others] = ids
    await team.patch(team.mia, first, { title: 'Written last, so the last one in the table' })
    for (const send of [() => change(team.mia, { ids }, { status: 'active' }), () => remove(team.mia, { ids })]) {
      const [gate, probe] = [
        await openTransaction(t, team.app.databaseUrl),
        await openTransaction(t, team.app.databaseUrl),
      ]
      await gate.query({ text: 'select from tasks where id = $1 for update', values: [first] })
      const waiting = send()
      await gate.someoneWaits()
      // Fails when one of them is locked already by who waits for the first.
      await probe.query({ text: 'select from tasks where id = any($1) for update nowait', values: [others] })
      await probe.commit()
      await gate.commit()
      assert.equal((await waiting).status, 200)
    }
  })

  test('of many who change and delete the same tasks in any order, each row ends with a right history', async () => {
    const ids = await makeMany(30)
    const order = (i: number) => ids.toSorted((a, b) => ((a * 7 + i * 13) % 31) - ((b * 7 + i * 13) % 31))
    const answers = await Promise.all(
      Array.from(
        { length: 12 },
        (_, i): Promise<Answer> =>
          i === 7
            ? remove(team.mia, { ids: order(i).slice(0, 15) })
            : change(team.mia, { ids: order(i) }, { title: `By ${i}` }),
      ),
    )
    assert.ok(
      answers.every(({ status }) => status === 200),
      answers.map(({ text }) => text.slice(0, 200)).join('\n'),
    )
    const writes = new Map(ids.map((id) => [id, 0]))
    for (const { body } of answers) {
      for (const { id } of body.changed ?? body.deleted) writes.set(id, (writes.get(id) ?? 0) + 1)
    }
    for (const [id, count] of writes) {
      assert.equal(await team.versions(id), count, 'as many versions as answers told of')
      const [row] = await team.sql(
        `select t.version, (select count(*) from task_versions v join task_versions w on w.task_id = v.task_id
                             and w.version = v.version + 1 and w.valid_from <> v.valid_to
                            where v.task_id = t.id) as gaps from tasks t where t.id = $1`,
        id,
      )
      assert.deepEqual(row, { version: count + 1, gaps: 0 })
    }
  })

  test('a task whose author lost the right to it while the request waited is refused, the others are changed', async (t) => {
    const [lost, kept] = [await team.make(team.olga, { assigned_user: 'carl' }), await team.make(team.carl)]
    const tx = await openTransaction(t, team.app.databaseUrl)
    await tx.query({
      text: `update tasks set assigned_user_id = null, version = version + 1, valid_from = clock_timestamp() where id = $1`,
      values: [lost],
    })
    const late = change(team.carl, { ids: [lost, kept] }, { title: 'Too late' })
    await tx.someoneWaits()
    await tx.commit()
    const { body } = await late
    assert.deepEqual(body, {
      changed: [{ id: kept, version: 2 }],
      unchanged: [],
      refused: [{ id: lost, ...FORBIDDEN }],
    })
  })

  test('ten thousand are changed and deleted well within the time of a statement', async () => {
    await team.sql(
      `insert into tasks (project_id, title, status, priority, created_by, created_at, updated_at, valid_from, changed_by)
       select $1, 'One of many', 'pending', 'LOW', $2, now(), now(), now(), $2 from generate_series(1, 10000)`,
      team.project,
      team.mia.id,
    )
    const ids = (await team.sql(`select id from tasks where title = 'One of many'`)).map(({ id }) => id as number)
    const { body } = await change(team.mia, { ids }, { status: 'active', assigned_user: 'carl', labels: ['bulk'] })
    assert.deepEqual([body.changed.length, body.unchanged.length, body.refused.length], [10_000, 0, 0])
    const again = await change(team.mia, { ids }, { status: 'active', assigned_user: 'carl', labels: ['bulk'] })
    assert.equal(again.body.unchanged.length, 10_000)
    assert.equal((await change(team.otto, { ids }, { status: 'pending' })).body.refused.length, 10_000)
    assert.equal((await remove(team.mia, { ids })).body.deleted.length, 10_000)
    const [history] = await team.sql('select count(*) as n from task_versions where task_id = any($1)', ids)
    assert.deepEqual(history, { n: 20_000 })
  })
})
