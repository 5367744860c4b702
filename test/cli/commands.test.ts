import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { CleanupStack, PASSWORD, type Person, startApp, type TestApp } from '../support/app.ts'
import { startProcess } from '../support/process.ts'
import { textRow, workbook } from '../support/workbook.ts'

/** The commands of src/main.ts that do one thing and end, each as a process. */
describe('the command', () => {
  const cleanup = new CleanupStack()
  let app: TestApp
  let folder: string
  let boss: Person

  before(async () => {
    app = await startApp(cleanup)
    folder = await mkdtemp(path.join(tmpdir(), 'tasklog-cli-'))
    cleanup.after(() => rm(folder, { recursive: true, force: true }))
    boss = await app.person('boss', 'admin')
    await app.person('emma')
  })

  after(() => cleanup.run())

  async function run(args: string[], { input = '', env = {} }: { input?: string; env?: Record<string, string> } = {}) {
    const settings = { DATABASE_URL: app.databaseUrl, DATA_DIR: folder, NODE_ENV: 'test', ...env }
    const command = await startProcess(args, settings)
    command.child.stdin?.end(input)
    return { code: await command.ended(), output: command.output() }
  }

  test('import loads a file and says which rows were rejected', async () => {
    const file = path.join(folder, 'work.csv')
    await writeFile(file, 'task_name,priority,assigned_user\nPaint,LOW,emma\nSweep,SOON,emma\nCook,HIGH,nobody\n')
    const { code, output } = await run(['import', file, '--user', 'boss'])
    assert.equal(code, 0, output)
    assert.match(output, /Import \d+ done: 3 rows, 1 created, 0 updated, 0 unchanged, 2 rejected\./)
    assert.match(output, /3.*priority.*SOON.*INVALID_PRIORITY/)
    assert.match(output, /4.*assigned_user.*nobody.*UNKNOWN_USER/)
  })

  test('import loads a large file whole', async () => {
    const file = path.join(folder, 'large.csv')
    await writeFile(file, `task_name\n${'Count the sheep\n'.repeat(50_000)}`)
    const { code, output } = await run(['import', file, '--user', 'boss'])
    assert.equal(code, 0, output)
    assert.match(output, /done: 50000 rows, 50000 created, 0 updated, 0 unchanged, 0 rejected\./)
  })

  test('import reads standard input', async () => {
    const { code, output } = await run(['import', '-', '--user', 'boss'], { input: 'task_name\nOne\nTwo\n' })
    assert.equal(code, 0, output)
    assert.match(output, /done: 2 rows, 2 created, 0 updated, 0 unchanged, 0 rejected\./)
  })

  test('import takes a sheet of a workbook, straight into the database and over a server with TASKLOG_TOKEN', async (t) => {
    const file = path.join(folder, 'sheets.xlsx')
    const sheets = { Notes: textRow(1, ['ours alone']), 'To do': textRow(1, ['title']) + textRow(2, ['On a sheet']) }
    await writeFile(file, await workbook({ sheets }))
    const server = await startApp(t, { databaseUrl: app.databaseUrl, worker: true })
    await server.app.http.listen({ port: 0, host: '127.0.0.1' })
    const { port } = server.app.http.server.address() as AddressInfo
    const there = ['--url', `http://127.0.0.1:${port}`, '--again']
    const { token } = await app.login('boss')
    const onSheet = async () =>
      (
        await app.ctx.db.query({
          text: `select from tasks where title = 'On a sheet' and created_by = $1`,
          values: [boss.id],
        })
      ).rows.length

    const inDatabase = await run(['import', file, '--user', 'boss', '--sheet', 'To do'])
    assert.match(inDatabase.output, /done: 1 rows, 1 created, 0 updated, 0 unchanged, 0 rejected\./)
    assert.equal(await onSheet(), 1)
    const env = { TASKLOG_TOKEN: token }
    const atServer = await run(['import', file, ...there, '--sheet', 'To do'], { env })
    assert.match(atServer.output, /done: 1 rows, 1 created, 0 updated, 0 unchanged, 0 rejected\./)
    assert.equal(await onSheet(), 2)

    for (const way of [there, ['--user', 'boss']]) {
      const { output } = await run(['import', file, ...way], { env })
      assert.match(output, /unknown columns: "ours alone".*\nGive mapping, such as /)
    }
    const nobody = await run(['import', file, ...there], { env: { TASKLOG_TOKEN: 'another' } })
    assert.deepEqual(nobody, {
      code: 1,
      output: 'The access token is not valid or no longer valid.\nLog in again, or use your refresh token.\n',
    })
    const without = await run(['import', file, ...there])
    assert.deepEqual(without, { code: 1, output: '--url needs TASKLOG_TOKEN or --token as well.\n' })
  })

  test('import says in one sentence what is in its way, and exits with 1', async () => {
    const missing = await run(['import', 'nowhere.csv', '--user', 'boss'])
    assert.deepEqual(missing, { code: 1, output: 'There is no file nowhere.csv.\n' })
    const folder = await run(['import', import.meta.dirname, '--url', 'http://127.0.0.1:9', '--token', 'any'])
    assert.deepEqual(folder, { code: 1, output: `${import.meta.dirname} is a folder, not a file.\n` })
    const forbidden = await run(['import', '-', '--user', 'emma'], { input: 'task_name\nOne\n' })
    assert.deepEqual(forbidden, { code: 1, output: 'Your role in this project does not allow this.\n' })
    const nobody = await run(['import', '-', '--user', 'nobody'], { input: 'task_name\nOne\n' })
    assert.deepEqual(nobody, { code: 1, output: 'nobody is not an active user.\n' })
  })

  test('admin create-user makes an account that can log in', async () => {
    const { code, output } = await run(['admin', 'create-user', 'linus'], { input: 'nine green lamps\n' })
    assert.equal(code, 0, output)
    assert.match(output, /Created user linus with id \d+\./)
    await app.login('linus', 'nine green lamps')
  })

  test('admin create-user refuses a weak password and a taken name', async () => {
    const weak = await run(['admin', 'create-user', 'weak', '--password', 'password'])
    assert.equal(weak.code, 1)
    assert.match(weak.output, /is among the most common passwords/)
    const taken = await run(['admin', 'create-user', 'Emma', '--password', 'nine green lamps'])
    assert.deepEqual(taken, { code: 1, output: 'The username Emma is taken.\n' })
  })

  test('admin reset-password ends every session', async () => {
    const emma = await app.login('emma')
    const { code } = await run(['admin', 'reset-password', 'emma'], { input: 'ten yellow doors\n' })
    assert.equal(code, 0)
    assert.equal((await app.send('GET', '/api/v1/users/me', { as: emma })).status, 401)
    await assert.rejects(app.login('emma', PASSWORD))
    await app.login('emma', 'ten yellow doors')
  })

  test('admin set-role leaves an administrator', async () => {
    const { code, output } = await run(['admin', 'set-role', 'boss', 'user'])
    const refused =
      'The last administrator cannot be demoted or disabled.\nMake somebody else an administrator first.\n'
    assert.deepEqual({ code, output }, { code: 1, output: refused })
    assert.equal((await run(['admin', 'set-role', 'emma', 'admin'])).output, 'emma is now admin.\n')
    assert.deepEqual(await run(['admin', 'set-role', 'ghost', 'admin']), {
      code: 1,
      output: 'There is no user ghost.\n',
    })
  })

  test('admin says in one sentence what it cannot take, and exits with 1', async () => {
    const password = ['--password', 'nine green lamps']
    for (const [args, says] of [
      [['set-role', 'emma', 'owner'], /'owner' is invalid .*Allowed choices are user, admin\.$/m],
      [['create-user', 'two words', ...password], /^username: must be 2 to 64 letters, .*\n$/],
      [['create-user', 'otto', '--email', 'at home', ...password], /^email: must be an email address .*\n$/],
    ] as const) {
      const { code, output } = await run(['admin', ...args])
      assert.equal(code, 1)
      assert.match(output, says)
      assert.ok(!output.includes('    at '), 'no stack')
    }
  })

  test('a command says in one sentence that the database is away, and exits with 1', async () => {
    const env = { DATABASE_URL: 'postgres://nobody:hunter2@127.0.0.1:1/nothing' }
    for (const args of [['admin', 'set-role', 'emma', 'user'], ['export'], ['migrate']]) {
      const { code, output } = await run(args, { env })
      assert.equal(code, 1)
      assert.match(output, /^(?:The export broke off: )?The database does not answer.* \(connect ECONNREFUSED .*\)\n$/)
    }
  })

  test('doctor finds everything in order', async () => {
    const { code, output } = await run(['doctor'])
    assert.equal(code, 0, output)
    assert.match(
      output,
      /^settings +ok\ndatabase +ok \(PostgreSQL \d+.*\)\nmigrations +ok\nreplica +ok \(not configured.*\)\nredis +ok \(not configured.*\)\n$/,
    )
  })

  test('doctor says what is away, a line for each, and exits with 1', async () => {
    const away = 'postgres://localhost:1/nothing'
    const env = { DATABASE_URL: away, DATABASE_READ_URL: away, REDIS_URL: 'redis://localhost:1' }
    const { code, output } = await run(['doctor'], { env })
    assert.equal(code, 1)
    assert.match(
      output,
      /^settings +ok\ndatabase +failed: .*ECONNREFUSED.*\nmigrations +failed: .*\nreplica +failed: .*\nredis +failed: .*\n$/,
    )
  })

  test('doctor says that the replica follows nobody', async () => {
    const { code, output } = await run(['doctor'], { env: { DATABASE_READ_URL: app.databaseUrl } })
    assert.equal(code, 1)
    assert.match(output, /^replica +failed: it is no standby$/m)
  })

  test('migrate finds nothing to do', async () => {
    assert.deepEqual(await run(['migrate']), { code: 0, output: 'The database is up to date.\n' })
  })

  test('serve names a setting that cannot be used', async () => {
    const { code, output } = await run(['serve'], { env: { SESSION_DAYS: 'many' } })
    assert.deepEqual(
      { code, output },
      { code: 1, output: 'SESSION_DAYS must be a whole number from 1 to 365, not "many".\n' },
    )
  })
})
