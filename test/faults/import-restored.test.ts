import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { assertExact, importRow } from '../imports/staged.ts'
import { cloneDatabase, startApp, type TestApp } from '../support/app.ts'
import { openTransaction } from '../support/database.ts'
import { until } from '../support/process.ts'

/** Two stretches and a part of a third. */
const ROWS = 45_000
const LOCKED = 30_000

/** Why nothing can be dumped here: the embedded PostgreSQL brings no pg_dump, and one of an older version refuses. */
async function cannotDump({ ctx }: TestApp): Promise<string | undefined> {
  const { stdout } = spawnSync('pg_dump', ['--version'], { encoding: 'utf8' })
  const { rows } = await ctx.db.query<{ major: number }>({
    text: `select current_setting('server_version_num')::integer / 10000 as major`,
  })
  const major = rows[0]?.major ?? 0
  const isOlder = !(Number(/\d+/.exec(stdout ?? '')?.[0]) >= major)
  return isOlder ? `there is no pg_dump for PostgreSQL ${major}` : undefined
}

const isDone = (app: TestApp, id: number) =>
  until(
    async () => (await importRow(app, id)).state === 'done',
    60_000,
    () => 'the import to end within 60 s',
  )

test('a copy that is dumped while an import is merged goes on with it, as does the original', {
  timeout: 240_000,
}, async (t) => {
  const app = await startApp(t, { worker: true })
  const why = await cannotDump(app)
  if (why) return t.skip(why)
  const admin = await app.person('admin', 'admin')
  const upload = async (keys: number[]) => {
    const payload = `title,external_id\n${keys.map((key) => `Task ${key} of ${keys.length},K-${key}`).join('\n')}\n`
    const headers = { 'content-type': 'text/csv' }
    const { body } = await app.send('POST', '/api/v1/imports', { as: admin, payload, headers })
    return body.id as number
  }
  await isDone(app, await upload([LOCKED]))

  // Somebody is at a task of the second stretch, so that the first is merged and the import goes on when it is let go.
  const other = await openTransaction(t, app.databaseUrl)
  await other.query({ text: `select from tasks where external_id = 'K-${LOCKED}' for update` })
  const id = await upload(Array.from({ length: ROWS }, (_, i) => i))
  await until(async () => (await importRow(app, id)).merged_line > 0, 60_000)
  await other.someoneWaits(1, 60_000)
  // As docs/operations.md says.
  const dump = execFileSync('pg_dump', ['--format=custom', app.databaseUrl], { maxBuffer: 1 << 30 })
  await other.commit()

  const databaseUrl = await cloneDatabase(t, 'template1')
  const restore = ['--no-owner', '--exit-on-error', `--dbname=${databaseUrl}`]
  execFileSync('pg_restore', restore, { input: dump, stdio: ['pipe', 'ignore', 'pipe'] })
  const idle = await startApp(t, { databaseUrl })
  const { state, merged_line, created } = await importRow(idle, id)
  assert.ok(state === 'merging' && created > 0 && merged_line < ROWS, `${state}, ${merged_line}`)

  const copy = await startApp(t, { databaseUrl, worker: true })
  for (const one of [app, copy]) {
    await isDone(one, id)
    const row = await importRow(one, id)
    assert.deepEqual([row.created, row.updated, row.rejected], [ROWS - 1, 1, 0])
    await assertExact(one, id, ROWS - 1)
  }
})
