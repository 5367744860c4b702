import assert from 'node:assert/strict'
import { buffer } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import { workbookOf } from '../../src/exports/workbook.ts'
import { CleanupStack } from '../support/app.ts'
import { until } from '../support/process.ts'
import { partsOf } from '../support/workbook.ts'
import { buildTeam, type Team, v1 } from '../tasks/team.ts'

const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'
const TASKS = [
  { title: '=1+1', description: '@SUM(A1)', due_date: '2031-03-30', labels: ['a', 'b'], external_id: 'X-1' },
  { title: 'a\r\nb\tc <&> "d"', description: '_x000D_ _x005F_x000D_', status: 'completed', external_id: 'X-2' },
  { title: ' blanks ', description: '\u{1F680} \ufffd', priority: 'HIGH', due_date: '1899-12-31', external_id: 'X-3' },
  { title: '007', description: '', due_date: '9999-12-31', assigned_user: 'olga', external_id: 'X-4' },
]

describe('an export as a workbook', () => {
  const cleanup = new CleanupStack()
  let team: Team

  before(async () => {
    team = await buildTeam(cleanup, { worker: true, env: { TIMEZONE: 'Europe/Vienna' } })
    for (const task of TASKS) {
      const answer = await team.app.send('POST', `${v1}/tasks`, {
        as: team.admin,
        body: { ...task, project_id: team.project },
      })
      assert.equal(answer.status, 201, answer.text)
    }
  })
  after(() => cleanup.run())

  async function download(query: string): Promise<Buffer> {
    const headers = { authorization: `Bearer ${team.admin.token}` }
    const answer = await team.app.app.http.inject({ url: `${v1}/tasks.xlsx?${query}`, headers })
    assert.deepEqual([answer.statusCode, answer.headers['content-type']], [200, XLSX])
    assert.match(String(answer.headers['content-disposition']), /filename="tasks-\d{4}-\d\d-\d\d\.xlsx"/)
    return answer.rawPayload
  }

  test('holds texts, numbers and dates, and no formula', async () => {
    const sheet = (await partsOf(await download(`project_id=${team.project}&sort=created_at`))).get(
      'xl/worksheets/sheet1.xml',
    )
    const rows = sheet?.match(/<row .*?<\/row>/gs) ?? []
    assert.equal(rows.length, TASKS.length + 1)
    assert.doesNotMatch(sheet ?? '', /<f[ >]|t="str"/)
    assert.match(rows[1] ?? '', /<c r="C2" t="inlineStr"><is><t xml:space="preserve">=1\+1<\/t><\/is><\/c>/)
    // 30 March 2031, counted by hand: 131 years since 1900 with 33 leap days, 88 days before it, and the day that never was.
    assert.match(rows[1] ?? '', new RegExp(`<c r="H2" s="1"><v>${131 * 365 + 33 + 88 + 1}</v></c>`))
    // Where it is, on each row and on each cell that is not empty: some readers take no other.
    assert.deepEqual(
      rows.map((row) => /^<row r="(\d+)">/.exec(row)?.[1]),
      rows.map((_, i) => String(i + 1)),
    )
    assert.doesNotMatch(sheet ?? '', /<c(?! r="[A-Z]\d+")/)
    assert.match(rows[2] ?? '', /a_x000D_\nb\tc &lt;&amp;&gt; "d"/)
    assert.match(rows[3] ?? '', /<t xml:space="preserve">1899-12-31<\/t>/)
  })

  test('imported again gives the same tasks', async () => {
    const project = await team.newProject('Copy')
    await team.join(project, team.olga, 'contributor')
    const file = await download(`project_id=${team.project}`)
    const sent = await team.app.send('POST', `${v1}/imports?project_id=${project}`, {
      ...{ as: team.admin, payload: file, headers: { 'content-type': XLSX } },
    })
    assert.equal(sent.status, 202, sent.text)
    const look = async () => (await team.app.send('GET', `${v1}/imports/${sent.body.id}`, { as: team.admin })).body
    await until(async () => (await look()).state === 'done', 20_000)
    assert.deepEqual(await tasksOf(project), await tasksOf(team.project))
  })

  async function tasksOf(project: number) {
    const { rows } = await team.app.ctx.db.query({
      text: `select title, description, status, priority, labels, due_date::text, assigned_user_id, external_id,
                    date_trunc('milliseconds', created_at + interval '500 microseconds') as created_at
               from tasks where project_id = $1 order by external_id`,
      values: [project],
    })
    assert.equal(rows.length, TASKS.length)
    return rows
  }

  test('goes on to the next sheet behind the last row that one has', async () => {
    const pages = async function* () {
      for (let i = 0; i < 3; i++) yield Array.from({ length: 6 }, (_, j) => `[${i * 6 + j}]`)
    }
    const parts = await partsOf(await buffer(workbookOf([{ name: 'id', kind: 'number' }], pages(), 10)))
    const idsOf = (n: number) =>
      parts
        .get(`xl/worksheets/sheet${n}.xml`)
        ?.match(/(?<=<v>)\d+/g)
        ?.map(Number)
    assert.deepEqual(
      [idsOf(1), idsOf(2), idsOf(3)],
      [Array.from({ length: 9 }, (_, i) => i), Array.from({ length: 9 }, (_, i) => 9 + i), undefined],
    )
    for (const n of [1, 2])
      assert.match(parts.get(`xl/worksheets/sheet${n}.xml`) ?? '', /<sheetData><row r="1">.*?>id</)
    assert.match(parts.get('xl/workbook.xml') ?? '', /name="Tasks".*name="Tasks 2"/)
  })
})
