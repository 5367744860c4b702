import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmod, cp, mkdir, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { findRunningEmbeddedPostgres, startEmbeddedPostgres } from '../../dev/embedded-postgres.ts'
import { assertKept, folder, isRoot, KEEP, sql, start } from './embedded.ts'

test('below a folder that only root can enter', { skip: !isRoot && 'not root here' }, async (t) => {
  const closed = path.join(await folder(t), 'closed')
  const dataDir = path.join(closed, 'data')
  await mkdir(dataDir, { recursive: true })
  await chmod(closed, 0o700)
  const lines: string[] = []
  const first = await start(t, dataDir, { log: (line) => lines.push(line) })
  assert.match(lines.join('\n'), /\/var\/lib\/tasklog\//)
  await sql(first.url, KEEP)
  assert.equal(await findRunningEmbeddedPostgres(dataDir), first.url)
  await first.stop()

  await t.test('the database stays where it is when the folder opens later', async () => {
    await chmod(closed, 0o755)
    await assertKept(t, dataDir)
    await chmod(closed, 0o700)
  })
  await t.test('the database follows the folder when that moves', async () => {
    await rename(dataDir, `${dataDir}-moved`)
    await assertKept(t, `${dataDir}-moved`)
    await rename(`${dataDir}-moved`, dataDir)
    await assertKept(t, dataDir)
  })
  await t.test('a copy of the folder does not share the database', async () => {
    await cp(dataDir, `${dataDir}-copy`, { recursive: true })
    await assert.rejects(startEmbeddedPostgres({ dataDir: `${dataDir}-copy` }), /belongs to/)
  })
  await t.test('whoever removes the folder begins anew', async () => {
    await rm(dataDir, { recursive: true })
    const anew = await start(t, dataDir)
    const [row] = await sql(anew.url, `select to_regclass('kept') as kept`)
    assert.deepEqual(row, { kept: null })
  })
})

test('a database that became unreachable is not replaced by an empty one', {
  skip: !isRoot && 'not root',
}, async (t) => {
  const open = path.join(await folder(t), 'open')
  const dataDir = path.join(open, 'data')
  await (await start(t, dataDir)).stop()
  await chmod(open, 0o700)
  await assert.rejects(startEmbeddedPostgres({ dataDir }), /may not enter/)
})

test('root goes on with the database of another user as that user', { skip: !isRoot && 'not root' }, async (t) => {
  const dataDir = await folder(t)
  const first = await start(t, dataDir)
  await sql(first.url, KEEP)
  await first.stop()
  spawnSync('chown', ['-R', '65534:65534', dataDir])
  await assertKept(t, dataDir)
  assert.equal((await stat(path.join(dataDir, 'postgres'))).uid, 65_534)
})
