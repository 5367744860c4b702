import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { stagingTable } from '../../src/imports/queries.ts'
import { type Answer, CleanupStack, multipart, type Person, startApp, type TestApp } from '../support/app.ts'

const HEADER = 'task_name,description,status,priority,created_at,assigned_user\n'

describe('a CSV upload', () => {
  const cleanup = new CleanupStack()
  let app: TestApp
  let admin: Person

  before(async () => {
    app = await startApp(cleanup, { worker: true, env: { UPLOAD_LIMIT_BYTES: '200000', TIMEZONE: 'Europe/Vienna' } })
    admin = await app.person('admin', 'admin')
    await app.person('john_doe')
    const gone = await app.person('gone_user')
    await app.send('POST', `/api/v1/users/${gone.id}/disable`, { as: admin })
  })
  after(() => cleanup.run())

  const upload = (content: string | Buffer, fileName?: string) =>
    app.send('POST', '/upload-csv', { as: admin, ...multipart(content, fileName) })

  const count = async (sql: string): Promise<number> =>
    (await app.ctx.db.query<{ n: number }>({ text: `select count(*) as n from ${sql}` })).rows[0]?.n ?? -1

  /** Rows in = created + rejected, and as many tasks as it says. */
  async function assertAccounted(answer: Answer): Promise<void> {
    const { id, state, rows, created, updated, unchanged, rejected } = answer.body
    assert.equal(state, 'done', answer.text)
    assert.equal(rows, created + updated + unchanged + rejected)
    assert.equal(await count(`tasks where import_id = ${id}`), created)
    assert.equal(await count(`(select distinct line from import_errors where import_id = ${id}) e`), rejected)
  }

  /** A file that is refused leaves nothing: no import, no staging table, no task. */
  async function assertRefused(content: string | Buffer, status: number, code: string, says: RegExp) {
    const before = [await count('tasks'), await count('imports'), await count('import_errors')]
    const answer = await upload(content)
    assert.equal(answer.status, status, answer.text)
    assert.equal(answer.body.code, code)
    assert.match(answer.body.error, says)
    assert.deepEqual([await count('tasks'), await count('imports'), await count('import_errors')], before)
    assert.equal(await count(`pg_tables where schemaname = 'import_staging'`), 0)
    return answer.body
  }

  test('each kind of bad row is rejected with line, column and reason, and the rest goes in', async () => {
    const answer = await upload(
      `${HEADER}${[
        'Good,first,TRUE,HIGH,3/31/2025,john_doe', // 2
        ',no name,TRUE,HIGH,3/31/2025,john_doe', // 3
        'Bad month,,TRUE,HIGH,13/45/2025,john_doe', // 4
        'No leap year,,TRUE,HIGH,2/29/2025,', // 5
        'Day first,,TRUE,HIGH,31/3/2025,', // 6
        'Bad priority,,TRUE,URGENT,3/31/2025,', // 7
        'Bad status,,MAYBE,LOW,3/31/2025,', // 8
        'Nobody,,TRUE,LOW,3/31/2025,who_is_this', // 9
        'Disabled,,TRUE,LOW,3/31/2025,gone_user', // 10
        'Too few,,TRUE', // 11
        'Too many,,TRUE,LOW,3/31/2025,john_doe,extra', // 12
        'Stray "quote,,TRUE,LOW,3/31/2025,', // 13
        `${'x'.repeat(201)},,TRUE,LOW,3/31/2025,`, // 14
        'Future,,TRUE,LOW,1/1/2999,', // 15
        'Two,,MAYBE,URGENT,3/31/2025,', // 16
        'Good,last,FALSE,low,2025-04-01,JOHN_DOE', // 17
      ].join('\n')}`,
    )
    assert.equal(answer.status, 201, answer.text)
    await assertAccounted(answer)
    const { body: all } = await app.send('GET', `${answer.body.errors_url}?limit=100`, { as: admin })
    const found = all.items.map((e: { line: number; column: string; code: string }) => [e.line, e.column, e.code])
    assert.deepEqual(found, [
      [3, 'task_name', 'EMPTY_TITLE'],
      [4, 'created_at', 'INVALID_DATE'],
      [5, 'created_at', 'INVALID_DATE'],
      [6, 'created_at', 'INVALID_DATE'],
      [7, 'priority', 'INVALID_PRIORITY'],
      [8, 'status', 'INVALID_STATUS'],
      [9, 'assigned_user', 'UNKNOWN_USER'],
      [10, 'assigned_user', 'DISABLED_USER'],
      [11, null, 'WRONG_CELL_COUNT'],
      [12, null, 'WRONG_CELL_COUNT'],
      [13, null, 'STRAY_QUOTE'],
      [14, 'task_name', 'TITLE_TOO_LONG'],
      [15, 'created_at', 'DATE_IN_FUTURE'],
      [16, 'priority', 'INVALID_PRIORITY'],
      [16, 'status', 'INVALID_STATUS'],
    ])
    assert.equal(answer.body.rows, 16)
    assert.equal(answer.body.created, 2)
    assert.equal(answer.body.errors[1].value, '13/45/2025')
    assert.match(answer.body.errors[1].reason, /month\/day\/year/)
  })

  test('errors are paged by a cursor', async () => {
    const answer = await upload(`${HEADER}${',,,,,\n'.repeat(5)}`)
    const lines: number[] = []
    let url = `${answer.body.errors_url}?limit=2`
    for (;;) {
      const { body } = await app.send('GET', url, { as: admin })
      lines.push(...body.items.map((e: { line: number }) => e.line))
      if (!body.next_cursor) break
      url = `${answer.body.errors_url}?limit=2&cursor=${body.next_cursor}`
    }
    assert.deepEqual(lines, [2, 3, 4, 5, 6])
  })

  test('line ends, a byte order mark and a missing last newline make no difference', async () => {
    const lines = [HEADER.trim(), 'One,"a, ""b""",TRUE,LOW,3/31/2025,john_doe', 'Two,"x\ny",FALSE,HIGH,4/1/2025,']
    const results = []
    for (const text of [
      lines.join('\n'),
      `${lines.join('\n')}\n`,
      lines.join('\r\n'),
      `\ufeff${lines.join('\r')}\r`,
      `${lines.join('\n\n')}\n\n`,
    ]) {
      const answer = await upload(text)
      await assertAccounted(answer)
      const { rows } = await app.ctx.db.query({
        text: `select title, description, status, priority, created_at, assigned_user_id from tasks
                where import_id = ${answer.body.id} order by title`,
      })
      results.push(rows)
    }
    for (const rows of results) assert.deepEqual(rows, results[0])
    assert.equal(results[0]?.[0]?.description, 'a, "b"')
    assert.equal(results[0]?.[1]?.description, 'x\ny')
  })

  test('cells that a spreadsheet would run are stored as they are', async () => {
    const answer = await upload(`task_name\n=1+1\n+1\n-1\n@x\n"\t="\n'quoted'\n\\.\n\\N\n`)
    await assertAccounted(answer)
    const { rows } = await app.ctx.db.query<{ title: string }>({
      text: `select title from tasks where import_id = ${answer.body.id} order by id`,
    })
    assert.deepEqual(
      new Set(rows.map((row) => row.title)),
      new Set(['=1+1', '+1', '-1', '@x', '\t=', "'quoted'", '\\.', '\\N']),
    )
  })

  test('a date is the first moment of that day in the configured time zone', async () => {
    const answer = await upload('task_name,created_at\nMidnight,7/1/2025\nInstant,2025-07-01T12:00:00Z\n')
    const { rows } = await app.ctx.db.query<{ created_at: Date }>({
      text: `select created_at from tasks where import_id = ${answer.body.id} order by title desc`,
    })
    assert.deepEqual(
      rows.map((row) => row.created_at.toISOString()),
      ['2025-06-30T22:00:00.000Z', '2025-07-01T12:00:00.000Z'],
    )
  })

  test('columns may be in any order, in any case, and left out', async () => {
    const answer = await upload('Priority,TASK_NAME\nhigh,Just a name\n,Another\n')
    await assertAccounted(answer)
    assert.equal(answer.body.created, 2)
    assert.equal(await count(`tasks where import_id = ${answer.body.id} and priority = 'HIGH'`), 1)
  })

  test('a file that is not ours is refused as a whole: 422, and nothing is left behind', async () => {
    await assertRefused('', 422, 'INVALID_CSV', /empty/i)
    await assertRefused('task_name;status\nx;TRUE\n', 422, 'INVALID_CSV_HEADER', /lacks task_name/)
    await assertRefused('a\tb\n1\t2\n', 422, 'INVALID_CSV_HEADER', /lacks task_name/)
    await assertRefused('task_name,colour\nx,red\n', 422, 'INVALID_CSV_HEADER', /"colour"/)
    await assertRefused('task_name,task_name\nx,y\n', 422, 'INVALID_CSV_HEADER', /twice/)
    await assertRefused('task_name,__proto__\nx,y\n', 422, 'INVALID_CSV_HEADER', /__proto__/)
    const windows = Buffer.from([...Buffer.from('task_name\nCaf'), 0xe9, 0x0a])
    const { hint } = await assertRefused(windows, 422, 'INVALID_CSV', /byte 13/)
    assert.match(hint, /UTF-8.*encoding=windows-1252/)
    await assertRefused(Buffer.from('\ufefftask_name\nx\n', 'utf16le'), 422, 'INVALID_CSV', /UTF-8/)
    await assertRefused(Buffer.from('PK\u0003\u0004 not a csv'), 422, 'INVALID_CSV_HEADER', /lacks/)
  })

  test('a header alone is an import of no rows', async () => {
    const answer = await upload(HEADER)
    await assertAccounted(answer)
    assert.equal(answer.body.rows, 0)
  })

  test('a NUL byte and a record of no cells reject their row only', async () => {
    const answer = await upload(`${HEADER}a\0b,,TRUE,LOW,3/31/2025,\nGood,,TRUE,LOW,3/31/2025,\n`)
    await assertAccounted(answer)
    assert.equal(answer.body.created, 1)
    assert.equal(answer.body.errors[0].code, 'NUL_BYTE')
  })

  test('a quote that is never closed costs its own line, however many lines follow', async () => {
    const answer = await upload(`task_name,description\n"open,${'\nx'.repeat(90_000)}\nGood,one\n`)
    await assertAccounted(answer)
    assert.equal(answer.body.created, 1)
    assert.equal(answer.body.errors[0].code, 'UNCLOSED_QUOTE')
    assert.equal(answer.body.rows, 90_002)
  })

  test('a file of the limit goes in, one byte more is 413 and leaves nothing', async () => {
    const fit = Buffer.alloc(200_000, 'x')
    fit.write('task_name\n')
    assert.equal((await upload(fit)).status, 201)
    const over = Buffer.concat([Buffer.from('task_name\n'), Buffer.alloc(199_991, 'y\n')])
    await assertRefused(over, 413, 'FILE_TOO_LARGE', /200000 bytes/)
  })

  test('a file name is for showing only', async () => {
    const answer = await upload('task_name\nx\n', '../../etc/passwd')
    assert.equal(answer.body.file_name, 'passwd')
    const long = await upload('task_name\nx\n', `${'n'.repeat(5_000)}.csv`)
    assert.ok([201, 400].includes(long.status))
  })

  describe('a multipart body that is not what it should be', () => {
    const send = (payload: string | Buffer, contentType: string) =>
      app.send('POST', '/upload-csv', { as: admin, payload, headers: { 'content-type': contentType } })
    const part = (name: string, extra = '; filename="a.csv"') =>
      `--B\r\ncontent-disposition: form-data; name="${name}"${extra}\r\n\r\ntask_name\nx\n\r\n`
    const form = 'multipart/form-data; boundary=B'

    for (const [what, payload, type, status] of [
      ['has no boundary', part('file'), 'multipart/form-data', 400],
      ['has no end', part('file'), form, 400],
      ['is cut in a part header', '--B\r\ncontent-dispo', form, 400],
      ['holds two files', `${part('file')}${part('file')}--B--\r\n`, form, 400],
      ['holds the file under another name', `${part('upload')}--B--\r\n`, form, 400],
      ['holds a field beside the file', `${part('file')}${part('note', '')}--B--\r\n`, form, 400],
      ['holds no file', '--B--\r\n', form, 400],
      ['is JSON', '{"title":"x"}', 'application/json', 415],
      ['is no JSON, though it says so', 'task_name\nx\n', 'application/json', 415],
      ['is another kind of multipart', `${part('file')}--B--\r\n`, 'multipart/mixed; boundary=B', 415],
      ['is raw CSV', 'task_name\nx\n', 'text/csv', 415],
    ] as const) {
      test(`${what}: ${status}, and nothing is imported`, async () => {
        const before = [await count('tasks'), await count('imports')]
        const answer = await send(payload, type)
        assert.equal(answer.status, status, answer.text)
        assert.match(String(answer.headers['content-type']), /problem\+json/)
        if (status === 415) assert.match(answer.body.detail, /^The file must be sent as multipart\/form-data/)
        assert.deepEqual([await count('tasks'), await count('imports')], before)
      })
    }

    test('the file as a field without a file name is told what is missing', async () => {
      const answer = await send(`${part('file', '')}--B--\r\n`, form)
      assert.equal(answer.status, 400)
      assert.match(answer.body.detail, /^file: is required, as a multipart\/form-data part with a file name$/)
    })

    test('the case of a media type means nothing (RFC 9110, 8.3.1)', async () => {
      const answer = await send(`${part('file')}--B--\r\n`, 'Multipart/Form-Data; boundary=B')
      assert.equal(answer.status, 201, answer.text)
    })
  })

  test('twenty uploads at once are each accounted for', async () => {
    const rows = Array.from(
      { length: 50 },
      (_, i) => `Task ${i},,${i % 10 === 0 ? 'MAYBE' : 'TRUE'},LOW,3/31/2025,john_doe`,
    )
    const answers = await Promise.all(Array.from({ length: 20 }, () => upload(`${HEADER}${rows.join('\n')}`)))
    for (const answer of answers) {
      assert.equal(answer.status, 201, answer.text)
      await assertAccounted(answer)
      assert.equal(answer.body.created, 45)
    }
  })

  test('the staging table has one index, of its lines', async (t) => {
    const { ctx, send, person } = await startApp(t, { env: { UPLOAD_WAIT_SECONDS: '0' } })
    const as = await person('admin', 'admin')
    const { body } = await send('POST', '/upload-csv', { as, ...multipart(`${HEADER}Indexed,,,,,\n`) })
    const { rows } = await ctx.db.query({
      text: `select from pg_index where indrelid = '${stagingTable(body.id)}'::regclass`,
    })
    assert.equal(rows.length, 1)
  })

  test('the staging table is gone when the import has ended', async () => {
    const { body } = await upload('task_name\nx\n')
    const { rows } = await app.ctx.db.query<{ gone: boolean }>({
      text: `select to_regclass('${stagingTable(body.id)}') is null as gone`,
    })
    assert.equal(rows[0]?.gone, true)
  })

  test('imports are listed newest first, to who may import into their project', async () => {
    const { body } = await app.send('GET', '/api/v1/imports?limit=2', { as: admin })
    assert.equal(body.items.length, 2)
    assert.ok(body.items[0].id > body.items[1].id)
    const john = await app.login('john_doe')
    assert.deepEqual((await app.send('GET', '/api/v1/imports', { as: john })).body.items, [])
    assert.equal((await app.send('GET', '/api/v1/imports/999999', { as: admin })).status, 404)
  })
})
