import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import path from 'node:path'
import { test } from 'node:test'
import { findRunningEmbeddedPostgres, startEmbeddedPostgres } from '../../dev/embedded-postgres.ts'
import { folder, KEEP, postmasterPid, sharedFolder, sql, start, startOwner } from './embedded.ts'

test('a first start gives an empty database, durable, in UTC and UTF-8, for its password and loopback only', async (t) => {
  const dataDir = await folder(t)
  const postgres = await start(t, dataDir)
  assert.equal(postgres.adopted, false)
  assert.equal(new URL(postgres.url).hostname, '127.0.0.1')
  assert.equal(new URL(postgres.url).pathname, '/tasklog')
  const [row] = await sql(
    postgres.url,
    `select current_setting('server_version_num')::int / 10000 as version, current_setting('fsync') as fsync,
            current_setting('synchronous_commit') as commit, current_setting('full_page_writes') as pages,
            current_setting('TimeZone') as zone, current_setting('server_encoding') as encoding,
            current_setting('listen_addresses') as listen, current_setting('unix_socket_directories') as sockets,
            (select array_agg(name order by name) from unnest(array['b', 'A', 'a', 'Z', 'é']) as name) as sorted,
            lower('ÄÉ') as lower`,
  )
  const sorted = ['A', 'Z', 'a', 'b', 'é']
  const durable = { fsync: 'on', commit: 'on', pages: 'on' }
  const here = { zone: 'UTC', encoding: 'UTF8', listen: '127.0.0.1', sockets: '' }
  assert.deepEqual(row, { version: 18, ...durable, ...here, sorted, lower: 'äé' })

  const { mode, uid } = await stat(path.join(dataDir, 'postgres-password'))
  assert.deepEqual([mode & 0o777, uid], [0o600, process.getuid?.()])
  const wrong = new URL(postgres.url)
  wrong.password = 'wrong'
  await assert.rejects(sql(wrong.href, 'select 1'), /password authentication failed/)
})

test('a later start takes less than 3 s and finds what was there', async (t) => {
  const dataDir = await sharedFolder(t)
  const first = await start(t, dataDir)
  await sql(first.url, KEEP)
  await first.stop()
  assert.equal(await findRunningEmbeddedPostgres(dataDir), undefined)
  const began = performance.now()
  const later = await start(t, dataDir)
  assert.ok(performance.now() - began < 3_000, `${performance.now() - began} ms`)
  assert.equal(later.adopted, false)
  assert.deepEqual(await sql(later.url, 'select n from kept'), [{ n: 42 }])
})

test('a second owner is refused with the first one’s number, and the first is not disturbed', async (t) => {
  const dataDir = await sharedFolder(t)
  const first = startOwner(dataDir)
  t.after(() => first.kill())
  const { url = '' } = await first.started
  const second = startOwner(dataDir)
  t.after(() => second.kill())
  const { error = '' } = await second.started
  assert.match(error, new RegExp(`^Another Tasklog \\(.*${first.process.pid}\\) is using ${dataDir}`))
  assert.deepEqual(await sql(url, 'select 1 as n'), [{ n: 1 }])
  await assert.rejects(startEmbeddedPostgres({ dataDir }), /^Error: Another Tasklog/)
})

test('the same process is refused as well', async (t) => {
  const dataDir = await sharedFolder(t)
  await start(t, dataDir)
  await assert.rejects(startEmbeddedPostgres({ dataDir }), /Another Tasklog .* is using/)
})

test('stopping a second time, or one that died, is no error and gives the folder back', async (t) => {
  const dataDir = await sharedFolder(t)
  const postgres = await start(t, dataDir)
  process.kill(await postmasterPid(postgres.url), 'SIGKILL')
  await postgres.stop()
  const again = await start(t, dataDir)
  await Promise.all([again.stop(), again.stop()])
  await again.stop()
  await start(t, dataDir)
})

test('a start that fails quotes the log of PostgreSQL and gives the folder back', async (t) => {
  const dataDir = await sharedFolder(t)
  const bad = startEmbeddedPostgres({ dataDir, settings: { shared_buffers: 'much' } })
  await assert.rejects(bad, /invalid value for parameter "shared_buffers": "much"/)
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.after(() => taken.close())
  const { port } = taken.address() as AddressInfo
  await assert.rejects(startEmbeddedPostgres({ dataDir, port }), /Address already in use/)
  await start(t, dataDir)
})

test('settings and the folder’s name may hold spaces and quotes', async (t) => {
  const dataDir = path.join(await folder(t), `it's "my" data`)
  const postgres = await start(t, dataDir, { settings: { log_line_prefix: `%m 'a' "b" ` } })
  const [row] = await sql(postgres.url, `select current_setting('log_line_prefix') as prefix`)
  assert.deepEqual(row, { prefix: `%m 'a' "b" ` })
})

test('it runs over an older PostgreSQL of this machine', async (t) => {
  const binDir = spawnSync('pg_config', ['--bindir'], { encoding: 'utf8' }).stdout?.trim()
  if (!binDir) return t.skip('no pg_config here')
  const postgres = await start(t, await folder(t), { binDir })
  const [row] = await sql(
    postgres.url,
    `select array_agg(n order by n) as sorted from unnest(array['b', 'Z', 'a']) as n`,
  )
  assert.deepEqual(row, { sorted: ['Z', 'a', 'b'] })
})
