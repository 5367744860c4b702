import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { cancelImport } from '../../src/imports/state-queries.ts'
import { createLogger } from '../../src/platform/logger.ts'
import { CleanupStack, type Person, startApp, type TestApp } from '../support/app.ts'
import {
  actorOf,
  count,
  errorsOf,
  imported,
  importRow,
  livingTasks,
  outcome,
  run,
  type Staged,
  stage,
  tasksByKey,
} from './staged.ts'

describe('the check of an import', () => {
  const cleanup = new CleanupStack()
  let app: TestApp
  let admin: Person
  let john: Person

  before(async () => {
    app = await startApp(cleanup, { env: { TIMEZONE: 'Europe/Vienna' }, log: createLogger('error') })
    admin = await app.person('admin', 'admin')
    john = await app.person('john_doe')
  })
  beforeEach(() =>
    app.ctx.db.query({
      text: `update tasks t set deleted_at = now(), version = version + 1,
    valid_from = greatest(clock_timestamp(), t.valid_from + interval '1 microsecond') where deleted_at is null`,
    }),
  )
  after(() => cleanup.run())

  const asAdmin = () => actorOf(admin, 'admin')
  const checked = async (header: string, rows: (string | null)[][], options?: Staged) => {
    const id = await stage(app, admin, header, rows, options)
    await run(app, id)
    return id
  }
  const codesOf = async (id: number) => (await errorsOf(app, id)).map((e) => [e.line, e.column_name, e.code])

  test('every field is read, wherever its column stands and whatever it is called', async () => {
    const id = await checked('Key=external_id,Junk=,Tags=labels,Due=due_date,Who=assigned_user,Name=title,created_at', [
      ['K-1', 'x', ' b, a,,b , ', '2030-01-31', 'JOHN_DOE ', 'One', '2025-03-28T23:30:00Z'],
      [null, null, null, null, null, 'Two', null],
    ])
    assert.deepEqual(await outcome(app, id), ['done', 2, 0, 0, 0])
    const { 'K-1': one, Two: two } = await tasksByKey(app)
    assert.deepEqual([one?.labels, one?.due_date, one?.assigned_user_id], [['a', 'b'], '2030-01-31', john.id])
    assert.equal(one?.created_at.toISOString(), '2025-03-28T23:30:00.000Z')
    assert.deepEqual([two?.labels, two?.due_date, two?.assigned_user_id, two?.external_id], [[], null, null, null])
    assert.deepEqual([two?.status, two?.priority, two?.description], ['pending', 'MEDIUM', ''])
  })

  test('each kind of bad cell is named by the header of the file, with its first 200 characters', async () => {
    const long = 'x'.repeat(201)
    const header = 'Name=title,Tags=labels,Due=due_date,Key=external_id,assigned_user'
    const id = await checked(header, [
      ['One', Array.from({ length: 21 }, (_, i) => `l${i}`).join(','), '', '', ''],
      ['Two', `a,${'y'.repeat(51)}`, '', '', ''],
      ['Three', Array.from({ length: 21 }, () => 'same').join(','), '2025-02-29', '', ''],
      ['Four', '', '', long, ''],
      ['Five', '', '', 'K', ''],
      [' ', '', '', 'K', 'nobody_here'],
      ['Seven', '', '', 'K', ''],
      ['Eight', '', '9999-12-31', ' ', ''],
    ])
    assert.deepEqual(await codesOf(id), [
      [2, 'Tags', 'INVALID_LABELS'],
      [3, 'Tags', 'INVALID_LABELS'],
      [4, 'Due', 'INVALID_DATE'],
      [5, 'Key', 'EXTERNAL_ID_TOO_LONG'],
      [7, 'Key', 'DUPLICATE_EXTERNAL_ID'],
      [7, 'Name', 'EMPTY_TITLE'],
      [7, 'assigned_user', 'UNKNOWN_USER'],
      [8, 'Key', 'DUPLICATE_EXTERNAL_ID'],
    ])
    const errors = await errorsOf(app, id)
    assert.match(errors.at(-1)?.message ?? '', /line 6/)
    assert.deepEqual(await outcome(app, id), ['done', 2, 0, 0, 6])
    assert.equal(await count(app, `import_errors where import_id = ${id} and value = repeat('x', 200)`), 1)
  })

  test('a rejected row is kept as it stood in the file', async () => {
    const rows = [
      ['', 'a;b', 'say "hi"', 'two\nlines', null],
      ['', 'a,b', 'plain', '', ''],
      ['Good', '', '', '', ''],
    ]
    const id = await checked('title,a=,b=,c=,d=', rows, { delimiter: ';' })
    const { rows: kept } = await app.ctx.db.query({
      text: `select line, record from import_rejects where import_id = ${id} order by line`,
    })
    assert.deepEqual(kept, [
      { line: 2, record: ';"a;b";"say ""hi""";"two\nlines";' },
      { line: 3, record: ';a,b;plain;;' },
    ])
  })

  describe('dates', () => {
    const dates = async (cells: string[], format: Staged['format'] = null) => {
      const rows = cells.map((cell, i) => [`${i}`, cell])
      const id = await checked('title,When=due_date', rows, { format })
      const tasks = (await livingTasks(app)).filter((task) => task.import_id === id)
      return { id, found: cells.map((_, i) => tasks.find(({ title }) => title === `${i}`)?.due_date ?? null) }
    }

    test('one cell that can only begin with the day, or the month, tells it for the column', async () => {
      const { found, id } = await dates(['1/2/2025', '31.12.2025', '3-4-2025', '2025-05-06', '7/8/2025 11:30 PM'])
      assert.deepEqual(found, ['2025-02-01', '2025-12-31', '2025-04-03', '2025-05-06', '2025-08-07'])
      assert.equal((await importRow(app, id)).columns[1]?.format, 'DMY')
      assert.deepEqual((await dates(['1/2/2025', '12/31/2025'])).found, ['2025-01-02', '2025-12-31'])
    })

    test('what nothing tells is not guessed: the import fails and asks', async () => {
      for (const cells of [['1/2/2025', '2025-01-01'], ['31/1/2025', '1/31/2025'], ['1/2/2025 8:00']]) {
        const { id, found } = await dates(cells)
        const row = await importRow(app, id)
        assert.deepEqual([row.state, row.failure_code], ['failed', 'AMBIGUOUS_DATES'])
        assert.match(row.failure ?? '', /"When".*date_format/)
        assert.deepEqual(new Set(found), new Set([null]))
        assert.equal(await count(app, `pg_tables where tablename = 'import_${id}'`), 0)
      }
    })

    test('where both orders mean the same day nothing is asked', async () => {
      const { found, id } = await dates(['3/3/2025', '2025-01-02', '99/99/2025', '2025/6/7'])
      assert.deepEqual(found, ['2025-03-03', '2025-01-02', null, '2025-06-07'])
      assert.equal((await importRow(app, id)).columns[1]?.format, null)
    })

    test('a given order is held to', async () => {
      const cells = ['1/2/2025', '31/1/2025', '2/29/2025', '1/2/25', '1/2-2025', '1/2/2025 25:00', '1/2/2025 13:00 PM']
      assert.deepEqual((await dates(cells, 'MDY')).found, ['2025-01-02', ...Array(6).fill(null)])
      assert.deepEqual((await dates(cells, 'DMY')).found, ['2025-02-01', '2025-01-31', ...Array(5).fill(null)])
      assert.deepEqual((await dates([...cells, '2025.3.4'], 'YMD')).found, [...Array(7).fill(null), '2025-03-04'])
    })

    test('a time is one of the configured zone, and the day of an instant is its day there', async () => {
      const cells = ['2025-03-28T23:30:00Z', '2025-03-28T23:30', '12/31/2025 12:05 am']
      assert.deepEqual((await dates(cells, 'MDY')).found, ['2025-03-29', '2025-03-28', '2025-12-31'])
      const id = await checked(
        'title,created_at',
        [
          ['Morning', '3/28/2025 8:05 AM'],
          ['Midnight', '3/28/2025 12:00 AM'],
          ['Noon', '3/28/2025 12:00:07 pm'],
          ['Day', '3/28/2025'],
          ['Ahead', '3/28/2999'],
        ],
        { format: 'MDY' },
      )
      const { Morning, Midnight, Noon, Day } = await tasksByKey(app)
      const times = [Morning, Midnight, Noon, Day].map((t) => t?.created_at.toISOString().slice(5, 19))
      assert.deepEqual(times, ['03-28T07:05:00', '03-27T23:00:00', '03-28T11:00:07', '03-27T23:00:00'])
      assert.deepEqual(await codesOf(id), [[6, 'created_at', 'DATE_IN_FUTURE']])
    })
  })

  test('with on_error abort one bad row fails the import, and nothing is written', async () => {
    for (const dryRun of [false, true]) {
      const id = await checked('title', [['Good'], ['']], { onError: 'abort', dryRun })
      const row = await importRow(app, id)
      assert.deepEqual([row.state, row.failure_code, row.rejected], ['failed', 'ROWS_REJECTED', 1])
      assert.deepEqual(Object.keys(await tasksByKey(app)), [])
      assert.equal(await count(app, `import_rejects where import_id = ${id}`), 1)
      assert.equal(await count(app, `pg_tables where tablename = 'import_${id}'`), 0)
    }
    assert.deepEqual(await outcome(app, await checked('title', [['Good']], { onError: 'abort' })), ['done', 1, 0, 0, 0])
  })

  test('somebody who may not be given tasks may keep the one they have', async () => {
    const gone = await app.person('gone_user')
    await imported(app, admin, 'title,external_id,assigned_user', [
      ['Theirs', 'K-1', 'gone_user'],
      ['Free', 'K-2', ''],
    ])
    await app.send('POST', `/api/v1/users/${gone.id}/disable`, { as: admin })
    const id = await checked('title,external_id,assigned_user', [
      ['Renamed', 'K-1', 'Gone_User'],
      ['Renamed', 'K-2', 'gone_user'],
      ['New', 'K-3', 'gone_user'],
    ])
    assert.deepEqual(await codesOf(id), [
      [3, 'assigned_user', 'DISABLED_USER'],
      [4, 'assigned_user', 'DISABLED_USER'],
    ])
    assert.equal((await tasksByKey(app))['K-1']?.title, 'Renamed')
  })

  describe('of a dry run', () => {
    const HEADER = 'title,description,status,assigned_user,external_id'

    test('says exactly what merging does, and writes nothing', async () => {
      await imported(app, admin, HEADER, [
        ['One', 'text', 'active', 'john_doe', 'A'],
        ['Two', 'text', 'active', '', 'B'],
      ])
      const rows = [
        ['One', '', 'completed', '', 'A'],
        ['Two', 'text', '', '', 'B'],
        ['Three', '', '', '', 'C'],
        ['Four', '', '', '', ''],
        ['', '', '', '', 'D'],
      ]
      const before = await tasksByKey(app)
      const trial = await checked(HEADER, rows, { dryRun: true })
      assert.deepEqual(await outcome(app, trial), ['ready', 2, 1, 1, 1])
      assert.deepEqual(await tasksByKey(app), before)
      assert.deepEqual((await importRow(app, trial)).samples, [
        {
          line: 2,
          external_id: 'A',
          task_id: before.A?.id,
          changes: {
            description: { from: 'text', to: '' },
            status: { from: 'active', to: 'completed' },
            assigned_user: { from: 'john_doe', to: null },
          },
        },
      ])
      assert.deepEqual(await outcome(app, await checked(HEADER, rows)), ['done', 2, 1, 1, 1])
    })

    test('shows the first twenty differences', async () => {
      const rows = (title: string) => Array.from({ length: 30 }, (_, i) => [title, `K-${i}`])
      await imported(app, admin, 'title,external_id', rows('Old'))
      const id = await checked('title,external_id', rows('New'), { dryRun: true })
      const { samples } = await importRow(app, id)
      assert.deepEqual(
        samples?.map(({ line }) => line),
        Array.from({ length: 20 }, (_, i) => i + 2),
      )
    })

    test('counts nothing once it is cancelled', async () => {
      const id = await checked('title', [['One'], ['']], { dryRun: true })
      assert.deepEqual(await outcome(app, id), ['ready', 1, 0, 0, 1])
      assert.equal((await cancelImport(app.ctx.db, asAdmin(), id))?.state, 'cancelled')
      assert.deepEqual(await outcome(app, id), ['cancelled', 0, 0, 0, 1])
      assert.equal(await cancelImport(app.ctx.db, asAdmin(), id), undefined)
    })
  })

  test('an import that is cancelled while it is checked stays cancelled, and nothing of the check is kept', async (t) => {
    const id = await stage(app, admin, 'title', [['One'], ['']])
    const { db } = app.ctx
    const bulkTransaction = db.bulkTransaction.bind(db)
    t.mock.method(db, 'bulkTransaction', (work: Parameters<typeof bulkTransaction>[0]) =>
      bulkTransaction(async (tx) => {
        await cancelImport(db, asAdmin(), id)
        return work(tx)
      }),
    )
    await run(app, id)
    assert.deepEqual(await outcome(app, id), ['cancelled', 0, 0, 0, 0])
    assert.equal(await count(app, `import_errors where import_id = ${id}`), 0)
  })
})
