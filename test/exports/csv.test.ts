import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { plantTask } from '../history/past.ts'
import { CleanupStack } from '../support/app.ts'
import { buildTeam, type Team, v1 } from '../tasks/team.ts'
import { readCsv } from './csv-reader.ts'

/** What CSV, spreadsheets and COPY give a meaning to, and any other character but NUL. */
const piece = fc.oneof(
  fc.constantFrom(
    ',',
    '"',
    '""',
    '\r',
    '\n',
    '\r\n',
    '=',
    '+',
    '-',
    '@',
    '\t',
    ' ',
    "'",
    '\\',
    '\\.',
    ';',
    '|',
    '＝',
    '\u00a0',
  ),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 3 }).filter((text) => !text.includes('\0')),
  fc.constantFrom('1+1', 'cmd', 'word'),
)
const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''))
const title = text.filter((words) => /\S/.test(words))
const label = text.map((words) => words.replaceAll(',', '').trim()).filter((words) => words !== '')

const tasks = fc.array(
  fc.record({
    title,
    description: text,
    labels: fc.uniqueArray(label, { maxLength: 3 }),
    external_id: fc.option(text.filter((words) => words !== '')),
  }),
  { minLength: 1, maxLength: 15 },
)

/** What would run: independent of how the product says it. */
const FORMULA = /^[\t\r\n]|^\s*[=+\-@＝＋－＠]/

describe('a CSV file', () => {
  const cleanup = new CleanupStack()
  let team: Team
  let counter = 0

  before(async () => {
    team = await buildTeam(cleanup, { env: { RATE_LIMIT_USER: '100000/60' } })
  })
  after(() => cleanup.run())

  async function exported(query: string): Promise<string[][]> {
    const answer = await team.app.send('GET', `${v1}/tasks.csv?sort=created_at&${query}`, { as: team.admin })
    assert.equal(answer.status, 200, answer.text)
    return readCsv(answer.text)
      .slice(1)
      .map((row) => [row[2], row[3], row[6], row[10]].map(String))
  }

  async function fill(content: readonly { external_id: string | null }[]): Promise<void> {
    const { db } = team.app.ctx
    await db.transaction(async (tx) => {
      await tx.query({ text: 'set local session_replication_role = replica' })
      await tx.query({ text: 'delete from tasks' })
    })
    for (const [i, { external_id, ...task }] of content.entries()) {
      const at = new Date(Date.UTC(2025, 0, 1) + i * 1_000).toISOString()
      const key = external_id === null ? null : `${external_id}${++counter}`
      Object.assign(content[i] ?? {}, { external_id: key })
      await plantTask(team.app, [
        { ...task, external_id: key, valid_from: at, project_id: team.project, changed_by: team.mia.id },
      ])
    }
  }

  test('that is raw holds every character as it is; the other one nothing that a spreadsheet would run', async () => {
    await fc.assert(
      fc.asyncProperty(tasks, async (content) => {
        await fill(content)
        const expected = content.map((task) => [
          ...[task.title, task.description, task.labels.join(',')],
          task.external_id ?? '',
        ])
        assert.deepEqual(await exported('raw=true'), expected)
        const guarded = expected.map((cells) => cells.map((cell) => (FORMULA.test(cell) ? `'${cell}` : cell)))
        assert.deepEqual(await exported(''), guarded)
      }),
      { numRuns: 60 },
    )
  })

  for (const [cell, safe] of [
    ['=1+1', "'=1+1"],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', "'\t=1"],
    ['\rx', "'\rx"],
    ['\nx', "'\nx"],
    ['  =1', "'  =1"],
    ['\u00a0=1', "'\u00a0=1"],
    ['＝1', "'＝1"],
    ['a=1', 'a=1'],
    ["'=1", "'=1"],
    [' plain', ' plain'],
    ['=HYPERLINK("http://x","y")', '\'=HYPERLINK("http://x","y")'],
  ] as const) {
    test(`gives ${JSON.stringify(cell)} as ${JSON.stringify(safe)}`, async () => {
      await fill([{ title: cell, description: cell, labels: [], external_id: null } as { external_id: null }])
      assert.deepEqual(await exported(''), [[safe, safe, '', '']])
      assert.deepEqual(await exported('raw=true'), [[cell, cell, '', '']])
    })
  }

  test('also guards the name of a user', async () => {
    const dash = await team.app.person('-rf')
    await team.join(team.project, dash, 'contributor')
    await fill([])
    await team.create(dash, { title: 'Mine', assigned_user: '-rf' })
    const answer = await team.app.send('GET', `${v1}/tasks.csv`, { as: team.admin })
    assert.deepEqual(readCsv(answer.text)[1]?.slice(8, 10), ["'-rf", "'-rf"])
  })
})
