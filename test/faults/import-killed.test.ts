import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CleanupStack, multipart, type Person, SECRET, startApp, type TestApp } from '../support/app.ts'
import { temporaryFolder } from '../support/own-postgres.ts'
import { type ServerProcess, slowUpload, startProcess, until } from '../support/process.ts'
import { randomFrom } from '../support/random.ts'

const ROWS = 100_000
const KILLS = 2

describe('an import whose processes are killed with -9', () => {
  const cleanup = new CleanupStack()
  const seed = Number(process.env.FAULTS_SEED ?? Date.now() % 1_000_000)
  const random = randomFrom(seed)
  let app: TestApp
  let admin: Person
  let env: Record<string, string>

  before(async () => {
    app = await startApp(cleanup, { env: { UPLOAD_WAIT_SECONDS: '0' } })
    admin = await app.person('admin', 'admin')
    await app.auth.createUser({ username: 'john_doe', password: 'quiet-otter-laughs' }, 'user')
    env = { DATABASE_URL: app.databaseUrl, DATA_DIR: await temporaryFolder(cleanup), JWT_SECRET_KEY: SECRET }
  })
  after(() => cleanup.run())

  const startWorker = async (): Promise<ServerProcess> => {
    const worker = await startProcess(['worker'], env)
    cleanup.after(async () => worker.kill('SIGKILL'))
    await worker.wrote(/worker is ready/)
    return worker
  }
  const stateOf = async (id: number) => (await app.send('GET', `/api/v1/imports/${id}`, { as: admin })).body

  test(`loses no row and doubles none (seed ${seed})`, async () => {
    const rows = Array.from({ length: ROWS }, (_, i) => `Task ${i},${i % 100 === 0 ? 'MAYBE' : 'TRUE'},john_doe`)
    const upload = await app.send('POST', '/upload-csv', {
      as: admin,
      ...multipart(`task_name,status,assigned_user\n${rows.join('\n')}\n`),
    })
    assert.equal(upload.status, 202, upload.text)
    const { id } = upload.body
    for (let kill = 0; kill < KILLS; kill++) {
      const worker = await startWorker()
      const before = (await stateOf(id)).created
      await until(async () => (await stateOf(id)).created > before || (await stateOf(id)).state === 'done', 60_000)
      await new Promise((resolve) => setTimeout(resolve, random() * 300))
      worker.kill('SIGKILL')
      await worker.ended()
    }
    await startWorker()
    await until(
      async () => (await stateOf(id)).state === 'done',
      60_000,
      () => 'the import to end within 60 s',
    )
    const end = await stateOf(id)
    assert.deepEqual([end.rows, end.created, end.rejected], [ROWS, ROWS - ROWS / 100, ROWS / 100])
    const { rows: counts } = await app.ctx.db.query({
      text: `select count(*)::int as tasks, count(distinct title)::int as titles from tasks where import_id = ${id}`,
    })
    assert.deepEqual(counts, [{ tasks: end.created, titles: end.created }])
  })

  test('an upload that dies with its API process leaves a failed import and no row', async () => {
    const api = await startProcess(['serve'], env)
    cleanup.after(async () => api.kill('SIGKILL'))
    await api.wrote(/Tasklog is ready/)
    const upload = slowUpload(api.base, admin.token)
    upload.answer.catch(() => {})
    cleanup.after(async () => upload.destroy())
    await upload.begun
    const latest = async () => (await app.send('GET', '/api/v1/imports?limit=1', { as: admin })).body.items[0]
    await until(async () => (await latest()).state === 'receiving', 10_000)
    const { id } = await latest()
    api.kill('SIGKILL')
    await api.ended()
    await app.ctx.db.query({ text: `update imports set created_at = now() - interval '1 minute' where id = ${id}` })
    await app.ctx.db.transaction((tx) => app.ctx.queue.enqueue(tx, 'imports.interrupted', {}))
    await until(async () => (await stateOf(id)).state === 'failed', 30_000)
    assert.match((await stateOf(id)).failure, /Nothing was imported/)
    const { rows } = await app.ctx.db.query({ text: `select from tasks where import_id = ${id}` })
    assert.equal(rows.length, 0)
  })
})
