import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { type Answer, CleanupStack, type Person, startApp, type TestApp } from '../support/app.ts'

const v1 = '/api/v1'
const RUNS = 25
const USERS = ['mia', 'John.Doe', '-rf', '007', '1e5']

/** What CSV, spreadsheets, COPY and our own reader give a meaning to. */
const piece = fc.oneof(
  fc.constantFrom(',', ';', '|', '\t', '"', '""', "'", '\r', '\n', '\r\n', '\\', '\\.', '\\N', ' ', '\u00a0', '\ufeff'),
  fc.constantFrom(
    '=1+1',
    '+',
    '-',
    '@',
    'sep=;',
    'title',
    'TRUE',
    '1/2/2025',
    '\u0301',
    '\u202e',
    '👩‍👩‍👧',
    '\u0001',
    '\u2028',
  ),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 4 }).filter((text) => !text.includes('\0')),
)
const text = (maxLength: number) => fc.array(piece, { maxLength }).map((pieces) => pieces.join(''))
const title = text(10).filter((words) => /\S/.test(words) && [...words].length <= 200)
const label = text(3).filter((words) => /^[^,\s](?:[^,]*[^,\s])?$/.test(words) && [...words].length <= 50)
const key = text(4).filter((words) => /\S/.test(words) && [...words].length <= 200)
const day = fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
/** In microseconds since 1970. */
const moment = fc.bigInt(-2_000_000_000_000_000n, 1_750_000_000_000_000n)

const task = fc.record({
  title,
  description: text(20),
  status: fc.constantFrom('pending', 'active', 'inactive', 'completed', 'cancelled'),
  priority: fc.constantFrom('LOW', 'MEDIUM', 'HIGH', 'CRITICAL'),
  labels: fc.uniqueArray(label, { maxLength: 4 }),
  due_date: fc.option(day.map((date) => date.toISOString().slice(0, 10))),
  assigned_user: fc.option(fc.constantFrom(...USERS)),
  external_id: fc.option(key),
  created_at: moment,
})
type Given = typeof task extends fc.Arbitrary<infer T> ? T : never
const tasks = fc.uniqueArray(task, {
  minLength: 1,
  maxLength: 12,
  selector: ({ external_id }) => external_id ?? Symbol(),
})

describe('exported and imported again', () => {
  const cleanup = new CleanupStack()
  let app: TestApp
  let admin: Person
  let projects = 0

  before(async () => {
    const env = { TIMEZONE: 'Europe/Vienna', RATE_LIMIT_USER: '1000000/60', RATE_LIMIT_UPLOAD: '100000/60' }
    app = await startApp(cleanup, { worker: true, env })
    admin = await app.person('admin', 'admin')
    for (const name of USERS) await app.auth.createUser({ username: name, password: 'quiet-otter-laughs' }, 'user')
  })
  after(() => cleanup.run())

  test('every field that an import can set is what it was', async () => {
    await fc.assert(
      fc.asyncProperty(tasks, async (given) => {
        const [from, to] = [await newProject(), await newProject()]
        await createAll(from, given)
        const before = await stateOf(from)
        assert.equal(before.length, given.length)
        const counts = await load(to, await exported(from))
        assert.deepEqual(counts, ['done', given.length, given.length, 0, 0, 0])
        assert.deepEqual(await stateOf(to), before)
      }),
      { numRuns: RUNS },
    )
  })

  test('into the same project, tasks with keys are unchanged and those without come once more', async () => {
    await fc.assert(
      fc.asyncProperty(tasks, async (given) => {
        const project = await newProject()
        await createAll(project, given)
        const file = await exported(project)
        const keyed = given.filter(({ external_id }) => external_id !== null).length
        const keyless = given.length - keyed
        assert.deepEqual(await load(project, file), ['done', given.length, keyless, 0, keyed, 0])
        assert.deepEqual(await versions(project), new Array(given.length + keyless).fill(1))
      }),
      { numRuns: RUNS },
    )
  })

  test('labels whose order is one in UTF-16 and another one in UTF-8: unchanged', async () => {
    const project = await newProject()
    const labels = ['\u{10000}', '\ue000']
    await send('POST', '/tasks', { project_id: project, title: 'One', external_id: 'A-1', labels })
    assert.deepEqual(await load(project, await exported(project)), ['done', 1, 0, 0, 1, 0])
  })

  test('a file for spreadsheets has a quote before what they would run, which stays when it is imported', async () => {
    const [from, to] = [await newProject(), await newProject()]
    await send('POST', '/tasks', {
      project_id: from,
      title: '=1+1',
      description: '-1',
      external_id: '@x',
      labels: ['+1'],
    })
    const file = await exported(from, '')
    assert.ok(file.endsWith('\r\n'))
    await load(to, file)
    const [{ title, description, external_id, labels } = {} as Record<string, unknown>] = await stateOf(to)
    assert.deepEqual([title, description, external_id, labels], ["'=1+1", "'-1", "'@x", ["'+1"]])
  })

  async function send(method: 'GET' | 'POST', path: string, body?: object): Promise<Answer> {
    const answer = await app.send(method, `${v1}${path}`, { as: admin, body })
    assert.ok(answer.status < 300, answer.text)
    return answer
  }

  async function newProject(): Promise<number> {
    const { id } = (await send('POST', '/projects', { name: `Project ${++projects}` })).body
    await app.ctx.db.query({
      text: `insert into project_members (project_id, user_id, role) select $1, id, 'contributor' from users on conflict do nothing`,
      values: [id],
    })
    return id
  }

  /** Through the API, but for the time of creation: nobody chooses it there, nor changes it anywhere. */
  async function createAll(project_id: number, given: Given[]): Promise<void> {
    const ids: number[] = []
    for (const { created_at: _, ...fields } of given) {
      ids.push((await send('POST', '/tasks', { ...fields, project_id })).body.id)
    }
    await app.ctx.db.transaction(async (tx) => {
      await tx.query({ text: 'set local session_replication_role = replica' })
      await tx.query({
        text: `update tasks t set created_at = g.at, valid_from = g.at
                 from (select id, 'epoch'::timestamptz + us * interval '1 microsecond' as at
                         from unnest($1::bigint[], $2::bigint[]) given (id, us)) g
                where t.id = g.id`,
        values: [ids, given.map(({ created_at }) => String(created_at))],
      })
    })
  }

  const exported = async (project: number, query = '&raw=true') =>
    (await send('GET', `/tasks.csv?project_id=${project}${query}`)).text

  async function load(project: number, file: string) {
    const options = { as: admin, payload: file, headers: { 'content-type': 'text/csv' } }
    const { status, body, text } = await app.send('POST', `${v1}/imports?again=true&project_id=${project}`, options)
    assert.equal(status, 202, text)
    await send('GET', `/imports/${body.id}/progress`)
    const { state, rows, created, updated, unchanged, rejected } = (await send('GET', `/imports/${body.id}`)).body
    return [state, rows, created, updated, unchanged, rejected]
  }

  /** What an import can set, in an order that does not depend on when it was written. */
  async function stateOf(project: number) {
    const { rows } = await app.ctx.db.query<Record<string, unknown>>({
      text: `select title, description, status, priority, labels, due_date::text, assigned_user_id, external_id,
                    extract(epoch from created_at)::text as created_at
               from tasks where project_id = $1 and deleted_at is null
              order by created_at, title collate "C", description collate "C", external_id collate "C", status, priority,
                       due_date, assigned_user_id, labels::text collate "C"`,
      values: [project],
    })
    return rows
  }

  async function versions(project: number): Promise<number[]> {
    const { rows } = await app.ctx.db.query<{ version: number }>({
      text: 'select version from tasks where project_id = $1',
      values: [project],
    })
    return rows.map(({ version }) => version)
  }
})
