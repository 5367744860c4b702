import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { daysAgo, middayAgo, plantTask } from '../history/past.ts'
import { CleanupStack } from '../support/app.ts'
import { startProcess } from '../support/process.ts'
import { partsOf } from '../support/workbook.ts'
import { buildTeam, type Team, v1 } from '../tasks/team.ts'

describe('the command export', () => {
  const cleanup = new CleanupStack()
  let team: Team
  let folder: string
  let url: string

  before(async () => {
    team = await buildTeam(cleanup)
    folder = await mkdtemp(path.join(tmpdir(), 'tasklog-export-'))
    cleanup.after(() => rm(folder, { recursive: true, force: true }))
    const hidden = await team.newProject('Hidden')
    const common = { project_id: team.project, changed_by: team.mia.id }
    await plantTask(team.app, [
      { ...common, title: 'Before', valid_from: middayAgo(9) },
      { ...common, title: '=Now', valid_from: middayAgo(2) },
    ])
    await plantTask(team.app, [{ ...common, project_id: hidden, title: 'Secret', valid_from: middayAgo(5) }])
    url = await team.app.app.http.listen({ host: '127.0.0.1', port: 0 })
  })
  after(() => cleanup.run())

  const run = (...args: string[]) => runWith({}, ...args)
  async function runWith(env: Record<string, string>, ...args: string[]) {
    const settings = { DATABASE_URL: team.app.databaseUrl, DATA_DIR: folder, NODE_ENV: 'test', ...env }
    const command = await startProcess(['export', ...args], settings)
    return { code: await command.ended(), output: command.output() }
  }
  const answer = async (query: string, as = team.admin) => {
    const headers = { authorization: `Bearer ${as.token}` }
    return (await team.app.app.http.inject({ url: `${v1}/tasks.${query}`, headers })).payload
  }

  test('prints what the API answers, of everything or of what somebody may see', async () => {
    assert.deepEqual(await run(), { code: 0, output: await answer('csv') })
    assert.deepEqual(await run('--raw', '--user', 'olga'), { code: 0, output: await answer('csv?raw=true', team.olga) })
    const project = String(team.project)
    assert.deepEqual(await run('--format', 'ndjson', '--project', project, '--as-of', daysAgo(4)), {
      code: 0,
      output: await answer(`ndjson?project_id=${project}&as_of=${daysAgo(4)}`),
    })
  })

  test('writes a file that is there when it is whole, in the place of the one before', async () => {
    const file = path.join(folder, 'tasks.csv')
    await writeFile(file, 'before')
    assert.deepEqual(await run('--output', file), { code: 0, output: '' })
    assert.equal(await readFile(file, 'utf8'), await answer('csv'))
    const failed = await run('--output', path.join(folder, 'nowhere', 'tasks.csv'))
    assert.equal(failed.code, 1)
    assert.match(failed.output, /^The export broke off: .*ENOENT/)
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.endsWith('.part')),
      [],
    )
  })

  test('saves what a server answers', async () => {
    const file = path.join(folder, 'served.csv')
    const args = ['--url', url, '--token', team.olga.token, '--output', file, '--as-of', daysAgo(4)]
    assert.deepEqual(await run(...args), { code: 0, output: '' })
    assert.equal(await readFile(file, 'utf8'), await answer(`csv?as_of=${daysAgo(4)}`, team.olga))
  })

  test('takes the token from TASKLOG_TOKEN, but for another on the command line', async () => {
    const output = await answer('csv', team.olga)
    assert.deepEqual(await runWith({ TASKLOG_TOKEN: team.olga.token }, '--url', url), { code: 0, output })
    const both = ['--url', url, '--token', team.olga.token]
    assert.deepEqual(await runWith({ TASKLOG_TOKEN: 'another' }, ...both), { code: 0, output })
    const { code } = await runWith({ TASKLOG_TOKEN: 'another' }, '--url', url)
    assert.equal(code, 1)
  })

  test('writes the workbook that the API answers, from the database and from a server', async () => {
    const headers = { authorization: `Bearer ${team.admin.token}` }
    const { rawPayload } = await team.app.app.http.inject({ url: `${v1}/tasks.xlsx`, headers })
    const expected = await partsOf(rawPayload)
    assert.match(expected.get('xl/worksheets/sheet1.xml') ?? '', /Secret/)
    const file = path.join(folder, 'tasks.xlsx')
    for (const where of [[], ['--url', url]]) {
      const args = ['--format', 'xlsx', '--output', file, ...where]
      assert.deepEqual(await runWith({ TASKLOG_TOKEN: team.admin.token }, ...args), { code: 0, output: '' })
      assert.deepEqual(await partsOf(await readFile(file)), expected)
      await rm(file)
    }
  })

  test('says in one sentence what is in its way, and exits with 1', async () => {
    for (const [args, sentence] of [
      [['--user', 'ghost'], 'ghost is not an active user.'],
      [['--project', 'Apollo'], '--project must be the id of a project.'],
      [['--format', 'ndjson', '--raw'], '--raw is for CSV.'],
      [['--as-of', 'yesterday'], 'as_of: must be a date (YYYY-MM-DD) or an instant such as 2025-03-31T08:00:00Z'],
      [['--url', url], '--url needs TASKLOG_TOKEN or --token as well.'],
      [
        ['--url', url, '--token', 'x', '--user', 'olga'],
        '--user is for the database; a server knows whose the token is.',
      ],
      [['--url', url, '--token', 'x'], 'The access token is not valid or no longer valid.'],
      [['--url', 'http://127.0.0.1:1', '--token', 'x'], /^http:\/\/127\.0\.0\.1:1 cannot be reached: .+\n$/],
    ] as const) {
      const { code, output } = await run(...args)
      assert.equal(code, 1, output)
      if (typeof sentence === 'string') assert.equal(output, `${sentence}\n`)
      else assert.match(output, sentence)
    }
  })
})
