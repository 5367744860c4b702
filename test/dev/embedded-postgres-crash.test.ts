import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { findRunningEmbeddedPostgres } from '../../dev/embedded-postgres.ts'
import { superviseEmbeddedPostgres } from '../../dev/supervised-postgres.ts'
import { until } from '../support/process.ts'
import {
  crashed,
  folder,
  isAlive,
  KEEP,
  postmasterPid,
  sharedFolder,
  sleeper,
  sql,
  start,
  startOwner,
  waitFor,
} from './embedded.ts'

test('a PostgreSQL whose owner was killed goes on, is found, and is adopted by the next start', async (t) => {
  const dataDir = await sharedFolder(t)
  const owner = startOwner(dataDir)
  const { url = '' } = await owner.started
  await sql(url, KEEP)
  await owner.kill()
  assert.equal(await findRunningEmbeddedPostgres(dataDir), url)
  const adopter = await start(t, dataDir)
  assert.deepEqual([adopter.adopted, adopter.url], [true, url])
  assert.deepEqual(await sql(adopter.url, 'select n from kept'), [{ n: 42 }])
  await adopter.stop()
  await assert.rejects(sql(url, 'select 1'), /ECONNREFUSED/)
})

test('of several that start at once over a killed owner’s lock exactly one wins', async (t) => {
  const dataDir = await sharedFolder(t)
  const dead = startOwner(dataDir)
  await dead.started
  await dead.kill()
  const owners = Array.from({ length: 6 }, () => startOwner(dataDir))
  t.after(() => Promise.all(owners.map((owner) => owner.kill())))
  const answers = await Promise.all(owners.map((owner) => owner.started))
  assert.equal(answers.filter((answer) => answer.url).length, 1, JSON.stringify(answers))
})

test('a lock whose number belongs to another program by now does not hinder the start', async (t) => {
  const dataDir = await sharedFolder(t)
  const owner = startOwner(dataDir)
  await owner.started
  await owner.kill()
  const other = await sleeper(t)
  const files = (await readdir(dataDir, { withFileTypes: true })).filter((entry) => entry.isFile())
  for (const { name } of files) {
    const text = await readFile(path.join(dataDir, name), 'utf8')
    await writeFile(path.join(dataDir, name), text.replaceAll(`${owner.process.pid}`, String(other)))
  }
  await start(t, dataDir)
})

test('a postmaster.pid of a dead process does not hinder the start', async (t) => {
  const dataDir = await sharedFolder(t)
  await crashed(t, dataDir)
  const again = await start(t, dataDir)
  assert.equal(again.adopted, false)
  assert.deepEqual(await sql(again.url, 'select n from kept'), [{ n: 42 }])
})

test('a postmaster.pid whose number belongs to another program by now does not hinder the start', async (t) => {
  const dataDir = await sharedFolder(t)
  const cluster = await crashed(t, dataDir)
  const file = path.join(cluster, 'postmaster.pid')
  // PostgreSQL itself refuses to start when a program of its own user has that number.
  const other = await sleeper(t, (await stat(cluster)).uid)
  await writeFile(file, (await readFile(file, 'utf8')).replace(/^\d+/, String(other)))
  assert.equal(await findRunningEmbeddedPostgres(dataDir), undefined)
  const again = await start(t, dataDir)
  assert.deepEqual([again.adopted, isAlive(other)], [false, true])
  assert.deepEqual(await sql(again.url, 'select n from kept'), [{ n: 42 }])
})

test('after a crash of the postmaster it waits for a backend that is still busy', async (t) => {
  const dataDir = await sharedFolder(t)
  const postgres = await start(t, dataDir)
  await sql(postgres.url, KEEP)
  // No latch is waited for in here, so this backend does not notice for two seconds that its postmaster is gone.
  const busy = sql(postgres.url, `do $$ begin while clock_timestamp() < now() + interval '2 s' loop end loop; end $$`)
  busy.catch(() => {})
  await new Promise((resolve) => setTimeout(resolve, 200))
  process.kill(await postmasterPid(postgres.url), 'SIGKILL')
  await postgres.stop()
  const again = await start(t, dataDir)
  assert.deepEqual(await sql(again.url, 'select n from kept'), [{ n: 42 }])
  await busy.catch(() => {})
})

test('an initdb that was killed midway is done again', async (t) => {
  const dataDir = await folder(t)
  for (let trial = 0; trial < 3; trial++) {
    const owner = startOwner(dataDir)
    await waitFor(async () => (await readdir(dataDir)).some((name) => name !== 'postgres' && /^postgres\W/.test(name)))
    await new Promise((resolve) => setTimeout(resolve, trial * 200))
    await owner.kill()
  }
  const postgres = await start(t, dataDir)
  assert.deepEqual(await sql(postgres.url, 'select 1 as n'), [{ n: 1 }])
  const drafts = (await readdir(dataDir)).filter((name) => /new|draft|init|tmp|\.password/.test(name))
  assert.deepEqual(drafts, [])
})

test('a cluster folder that initdb never finished is done again', async (t) => {
  const dataDir = await folder(t)
  await mkdir(path.join(dataDir, 'postgres', 'base'), { recursive: true })
  const postgres = await start(t, dataDir)
  assert.deepEqual(await sql(postgres.url, 'select 1 as n'), [{ n: 1 }])
})

test('after an immediate stop the next start recovers everything committed', async (t) => {
  const dataDir = await sharedFolder(t)
  const postgres = await start(t, dataDir)
  await sql(postgres.url, 'create table many as select generate_series(1, 10000) as n')
  await postgres.stop('immediate')
  const again = await start(t, dataDir)
  assert.deepEqual(await sql(again.url, 'select count(*)::int as rows from many'), [{ rows: 10_000 }])
})

test('one that is supervised is started again when somebody ends it, at the same address, until it is stopped', async (t) => {
  const dataDir = await sharedFolder(t)
  const lines: string[] = []
  const { url, stop } = await superviseEmbeddedPostgres({ dataDir, log: (line) => lines.push(line) })
  await sql(url, KEEP)
  for (const signal of ['SIGKILL', 'SIGINT'] as const) {
    const pid = await postmasterPid(url)
    process.kill(pid, signal)
    await until(async () => (await postmasterPid(url).catch(() => pid)) !== pid, 60_000)
    assert.deepEqual(await sql(url, 'select n from kept'), [{ n: 42 }])
  }
  assert.equal(lines.filter((line) => line.includes('started again')).length, 2)
  await stop()
  await new Promise((resolve) => setTimeout(resolve, 2_500))
  await assert.rejects(sql(url, 'select 1'), /ECONNREFUSED/)
})
