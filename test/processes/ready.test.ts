import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import { CleanupStack, cloneDatabase, multipart } from '../support/app.ts'
import { ask } from '../support/ask.ts'
import { openTransaction } from '../support/database.ts'
import { temporaryFolder } from '../support/own-postgres.ts'
import { type ServerProcess, startProcess, tokenOf, until } from '../support/process.ts'

const ADMIN = { ADMIN_USERNAME: 'root_admin', ADMIN_PASSWORD: 'a quiet otter laughs' }
const START_MS = 30_000
/** Less than an insert waits for a lock here. */
const HELD_MS = 1_500
/** As many connections as reach each of the processes. */
const ROUND = 4

const cleanup = new CleanupStack()

async function start(command: string[], databaseUrl: string, env: Record<string, string> = {}): Promise<ServerProcess> {
  const server = await startProcess(command, {
    DATABASE_URL: databaseUrl,
    DATA_DIR: await temporaryFolder(cleanup),
    JWT_SECRET_KEY: 'c29tZSBieXRlcyB0aGF0IGFyZSBub3QgcHVibGlzaGVk',
    STATEMENT_TIMEOUT_MS: '20000',
    ...ADMIN,
    ...env,
  })
  cleanup.after(async () => {
    server.kill('SIGTERM')
    await server.ended()
  })
  return server
}

/** Of one process, whichever is next; 0 while nobody listens. */
const readiness = ({ base }: ServerProcess) =>
  ask(base, 'GET', '/readyz').then(
    ({ status }) => status,
    () => 0,
  )

async function untilReady(server: ServerProcess): Promise<void> {
  const deadline = Date.now() + START_MS
  while ((await readiness(server)) !== 200) assert.ok(Date.now() < deadline, server.output())
}

async function upload({ base }: ServerProcess, token: string): Promise<number> {
  const { headers, payload } = multipart('task_name\nThe first of all\n')
  const sent = { method: 'POST', headers: { ...headers, authorization: `Bearer ${token}` }, body: payload }
  return (await fetch(`${base}/upload-csv`, sent)).status
}

describe('who is told that a server is ready can use it', () => {
  afterEach(() => cleanup.run())

  for (const command of [
    ['serve', '--worker'],
    ['serve', '--processes', '2', '--worker'],
  ]) {
    const name = command.join(' ')

    test(`${name}, on an empty database: the administrator logs in and uploads at once`, async () => {
      const server = await start(command, await cloneDatabase(cleanup, 'template1'))
      await untilReady(server)
      const token = await tokenOf(server.base, ADMIN.ADMIN_USERNAME, ADMIN.ADMIN_PASSWORD)
      assert.ok([201, 202].includes(await upload(server, token)))
      assert.doesNotMatch(server.output(), /another takes its place|"level":50/)
    })

    test(`${name}: nobody is told so before the administrator is there, and no worker starts`, async () => {
      const databaseUrl = await cloneDatabase(cleanup)
      const others = await openTransaction(cleanup, databaseUrl)
      await others.query({ text: 'lock table users in exclusive mode' })
      const server = await start(command, databaseUrl)
      await until(async () => (await readiness(server)) === 503, START_MS)
      await others.someoneWaits(1, START_MS)
      const end = Date.now() + HELD_MS
      while (Date.now() < end) for (let i = 0; i < ROUND; i++) assert.equal(await readiness(server), 503)
      assert.doesNotMatch(server.output(), /"started":"worker"/)
      await others.commit()
      await untilReady(server)
      await tokenOf(server.base, ADMIN.ADMIN_USERNAME, ADMIN.ADMIN_PASSWORD)
    })
  }

  test('a worker beside a server waits for the queue as well', async () => {
    const databaseUrl = await cloneDatabase(cleanup, 'template1')
    const others = await openTransaction(cleanup, databaseUrl)
    await others.query({ text: 'create schema pgboss' })
    const server = await start(['serve'], databaseUrl)
    const worker = await start(['worker'], databaseUrl, { MIGRATE_ON_START: 'false' })
    await others.someoneWaits(1, START_MS)
    await worker.wrote(/the database is not migrated yet/)
    await new Promise((resolve) => setTimeout(resolve, HELD_MS))
    await others.query({ text: 'rollback' })
    await untilReady(server)
    await worker.wrote(/worker is ready/)
  })
})
