import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Answer, CleanupStack, multipart, type Person, startApp, type TestApp } from '../support/app.ts'
import { assertProblem } from '../support/problem.ts'
import type { Case, CellError, ExpectedTask, Refused, Taken } from './corpus/case.ts'
import { CORPUS } from './corpus/index.ts'

const v1 = '/api/v1/imports'
const FEWEST_CASES = 150
const AT_ONCE = 8
const ALL = Object.entries(CORPUS).flatMap(([theme, cases]) =>
  cases.map((one) => ({ ...one, name: `${theme}: ${one.name}` })),
)
/** What is not given back as it was, or can be another thing among fewer rows. */
const NOT_AGAIN = /^(?:NUL_BYTE|DUPLICATE_EXTERNAL_ID)$/
const MIB = 1024 * 1024
const isRefused = ({ expect }: Case) => 'status' in expect

describe('the corpus of CSV files', () => {
  const cleanup = new CleanupStack()
  let app: TestApp
  let admin: Person
  let people: Person[]

  before(async () => {
    app = await startApp(cleanup, {
      worker: true,
      env: {
        TIMEZONE: 'Europe/Vienna',
        UPLOAD_LIMIT_BYTES: '3000000',
        IMPORTS_AT_ONCE: '4',
        RATE_LIMIT_UPLOAD: '100000/60',
        RATE_LIMIT_USER: '1000000/60',
        RATE_LIMIT_ADDRESS: '1000000/60',
      },
    })
    admin = await app.person('admin', 'admin')
    people = [await app.person('john_doe'), await app.person('emma_watson'), await app.person('gone_user')]
    await app.person('stranger')
    await app.send('POST', `/api/v1/users/${people[2]?.id}/disable`, { as: admin })
  })
  after(() => cleanup.run())

  test(`has ${FEWEST_CASES} cases or more, each with a name of its own`, () => {
    assert.ok(ALL.length >= FEWEST_CASES, `${ALL.length} cases`)
    assert.equal(new Set(ALL.map(({ name }) => name)).size, ALL.length)
  })

  // One after the other, so that nothing else changes what is counted.
  describe('is refused', () => {
    for (const one of ALL.filter(isRefused)) {
      test(one.name, { todo: one.todo }, async () => {
        const project = await newProject(one)
        const before = await contents()
        assertRefused(await upload(one, project), one.expect as Refused)
        assert.deepEqual(await contents(), before)
      })
    }
  })

  describe('is taken', { concurrency: AT_ONCE }, () => {
    for (const one of ALL.filter((one) => !isRefused(one))) {
      test(one.name, { todo: one.todo }, async () => {
        const project = await newProject(one)
        const row = await atRest(await upload(one, project))
        await assertTaken(row, one, project)
        if (row.rejected > 0 && row.state === 'done') await assertSentAgain(row, one, project)
      })
    }
  })

  test('leaves no staging table but those of dry runs', async () => {
    const tables = await rows<{ name: string }>(
      `select tablename as name from pg_tables where schemaname = 'import_staging' order by 1`,
    )
    const waiting = await rows<{ name: string }>(
      `select 'import_' || id as name from imports where state = 'ready' order by 1`,
    )
    assert.deepEqual(tables, waiting)
  })

  async function rows<Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> {
    return (await app.ctx.db.query<Row>({ text, values })).rows
  }

  /** All that an import may write, counted. */
  async function contents() {
    const tables = ['imports', 'tasks', 'task_versions', 'import_errors', 'import_rejects', 'import_updates']
    const counts = tables.map((table) => `(select count(*) from ${table}) as ${table}`)
    const staging = `(select count(*) from pg_tables where schemaname = 'import_staging') as staging`
    return (await rows(`select ${counts.join(', ')}, ${staging}`))[0]
  }

  /** With what the case has in it before. */
  async function newProject({ name, earlier, trashed = [] }: Case): Promise<number> {
    const { body } = await app.send('POST', '/api/v1/projects', { as: admin, body: { name: name.slice(0, 100) } })
    await rows(
      `insert into project_members (project_id, user_id, role) select $1, unnest($2::bigint[]), 'contributor'
       on conflict do nothing`,
      [body.id, people.map(({ id }) => id)],
    )
    if (earlier !== undefined) {
      const { state, rejected } = await atRest(
        await upload({ name, file: earlier, expect: { status: 0, code: '' } }, body.id),
      )
      assert.deepEqual([state, rejected], ['done', 0])
    }
    for (const key of trashed) {
      const [task] = await rows<{ id: number }>('select id from tasks where project_id = $1 and external_id = $2', [
        body.id,
        key,
      ])
      assert.equal((await app.send('DELETE', `/api/v1/tasks/${task?.id}`, { as: admin })).status, 204)
    }
    return body.id
  }

  function upload({ file, query = {}, original }: Case, project: number): Promise<Answer> {
    if (original) return app.send('POST', '/upload-csv', { as: admin, ...multipart(file) })
    const parameters = new URLSearchParams({ project_id: String(project), ...query })
    const headers = { 'content-type': 'text/csv' }
    return app.send('POST', `${v1}?${parameters}`, { as: admin, headers, payload: Buffer.from(file) })
  }

  // biome-ignore lint/suspicious/noExplicitAny: the body of an answer
  async function atRest(answer: Answer): Promise<any> {
    assert.ok(answer.status === 202 || answer.status === 201, answer.text)
    await app.send('GET', `${v1}/${answer.body.id}/progress`, { as: admin })
    return (await app.send('GET', `${v1}/${answer.body.id}`, { as: admin })).body
  }

  function assertRefused(answer: Answer, { status, code, reason, line, byte, says }: Refused): void {
    assertProblem(answer, status, code)
    const { body } = answer
    if (reason !== undefined) assert.equal(body.reason, reason, body.detail)
    if (line !== undefined) assert.equal(body.line, line, body.detail)
    if (byte !== undefined) assert.equal(body.byte, byte, body.detail)
    if (says) assert.match(body.detail, says)
  }

  // biome-ignore lint/suspicious/noExplicitAny: the body of an answer
  async function assertTaken(row: any, { expect, original }: Case, project: number): Promise<void> {
    const wanted = expect as Taken
    const errors = await allErrors(row.id)
    const counts = [row.rows, row.created, row.updated, row.unchanged, row.rejected]
    assert.deepEqual(
      [row.state, row.failure_code, errors],
      [wanted.state, wanted.failure ?? null, wanted.errors],
      row.failure,
    )
    assert.deepEqual(counts, wanted.counts)
    if (row.state !== 'failed') assert.equal(row.rows, row.created + row.updated + row.unchanged + row.rejected)
    const made = await rows('select id from tasks where import_id = $1', [row.id])
    assert.equal(made.length, row.state === 'done' ? row.created : 0)
    assert.equal(await countRejected(row), row.rejected)
    if (wanted.columns) assert.deepEqual(fieldsOf(row.columns), wanted.columns)
    const where = original ? 't.import_id = $1' : 't.project_id = $1'
    if (wanted.tasks) await assertTasks(wanted.tasks, where, original ? row.id : project)
  }

  async function allErrors(id: number): Promise<Taken['errors']> {
    const found: Taken['errors'] = []
    for (let cursor = ''; ; ) {
      const { body } = await app.send('GET', `${v1}/${id}/errors?limit=100${cursor}`, { as: admin })
      for (const { line, column, code } of body.items) found.push([line, column, code])
      if (!body.next_cursor) return found
      cursor = `&cursor=${body.next_cursor}`
    }
  }

  /** The rows of rejected.csv, each of which begins with what is wrong with it. */
  async function countRejected({ id }: { id: number }): Promise<number> {
    const { text } = await app.send('GET', `${v1}/${id}/rejected.csv`, { as: admin })
    const [, ...lines] = text.split(/(?<=[\r\n])/)
    return lines.filter((line) => /^"?[^"]* \([A-Z]+(?:_[A-Z]+)+\)"?[,;\t|]/.test(line)).length
  }

  /** rejected.csv as it is, sent again: every row is rejected once more, for the same reasons; one that was cut for another. */
  // biome-ignore lint/suspicious/noExplicitAny: the body of an answer
  async function assertSentAgain(row: any, { expect, query }: Case, project: number): Promise<void> {
    const wanted = (expect as Taken).errors
    const codes = (errors: CellError[]) => errors.map(([, ...rest]) => rest)
    const { text } = await app.send('GET', `${v1}/${row.id}/rejected.csv`, { as: admin })
    if (text.length > MIB || wanted.some(([, , code]) => NOT_AGAIN.test(code))) return
    const formats = dateFormats(row.columns)
    const options = {
      dry_run: 'true',
      ...(query?.mapping && { mapping: query.mapping }),
      ...(formats && { date_format: formats }),
    }
    const again = await atRest(await upload({ name: '', file: text, query: options, expect }, project))
    assert.deepEqual([again.state, again.rows, again.rejected], ['ready', row.rejected, row.rejected], text)
    if (wanted.some(([, , code]) => code === 'RECORD_TOO_LONG')) return
    assert.deepEqual(codes(await allErrors(again.id)), codes(wanted))
  }

  async function assertTasks(expected: ExpectedTask[], where: string, id: number): Promise<void> {
    const found = await rows<ExpectedTask>(
      `select t.title, t.description, t.status, t.priority, t.labels, t.due_date::text, u.username as assigned_user,
              t.external_id, replace(to_char(t.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '.000000', '') as created_at
         from tasks t left join users u on u.id = t.assigned_user_id where ${where} and t.deleted_at is null`,
      [id],
    )
    const sorted = (tasks: ExpectedTask[]) =>
      tasks.toSorted((a, b) => (a.title < b.title ? -1 : a.title > b.title ? 1 : 0))
    assert.equal(found.length, expected.length, JSON.stringify(found))
    for (const [i, task] of sorted(found).entries()) {
      const wanted = sorted(expected)[i] as ExpectedTask
      const asked = Object.fromEntries(Object.keys(wanted).map((key) => [key, task[key as keyof ExpectedTask]]))
      assert.deepEqual(asked, wanted)
    }
  }
})

function fieldsOf(columns: { field: string | null; date_format: string | null }[]): string[] {
  return columns.flatMap(({ field, date_format }) => (field ? [[field, date_format].filter(Boolean).join(' ')] : []))
}

function dateFormats(columns: { field: string | null; date_format: string | null }[]): string {
  return columns.flatMap(({ field, date_format }) => (date_format ? [`${field}:${date_format}`] : [])).join()
}
