import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import pg from 'pg'
import { findRunningEmbeddedPostgres, startEmbeddedPostgres } from '../../dev/embedded-postgres.ts'
import { CleanupStack } from '../support/app.ts'
import { temporaryFolder } from '../support/own-postgres.ts'

const MODULE = path.resolve(import.meta.dirname, '../../dev/embedded-postgres.ts')

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

/** A process that starts the database and then does nothing until it is killed. */
async function startInProcess(dataDir: string) {
  const script = `import { startEmbeddedPostgres } from ${JSON.stringify(MODULE)}
    const postgres = await startEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)} })
    console.log(postgres.url)
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [url] = await once(child.stdout, 'data')
  return { child, url: String(url).trim() }
}

describe('the embedded PostgreSQL', () => {
  const cleanup = new CleanupStack()
  let dataDir: string
  before(async () => {
    dataDir = await temporaryFolder(cleanup)
  })
  after(() => cleanup.run())

  test('keeps its data from one start to the next, and starts again in under 3 s', async () => {
    const first = await startEmbeddedPostgres({ dataDir })
    await query(first.url, 'create table kept (n int)')
    await first.stop()
    const started = performance.now()
    const second = await startEmbeddedPostgres({ dataDir })
    assert.ok(performance.now() - started < 3_000)
    assert.equal((await query(second.url, 'select * from kept')).length, 0)
    assert.equal(await findRunningEmbeddedPostgres(dataDir), second.url)
    await second.stop()
    assert.equal(await findRunningEmbeddedPostgres(dataDir), undefined)
  })

  test('refuses a second owner and names the first', async () => {
    const { child } = await startInProcess(dataDir)
    await assert.rejects(startEmbeddedPostgres({ dataDir }), new RegExp(`Another Tasklog \\(process ${child.pid}\\)`))
    child.kill('SIGKILL')
    await once(child, 'exit')
    const next = await startEmbeddedPostgres({ dataDir })
    await next.stop()
  })

  test('is taken over when its owner was killed with -9', async () => {
    const { child, url } = await startInProcess(dataDir)
    await query(url, 'create table before_the_kill (n int)')
    child.kill('SIGKILL')
    await once(child, 'exit')
    const next = await startEmbeddedPostgres({ dataDir })
    assert.equal(next.adopted, true)
    assert.equal(next.url, url)
    assert.equal((await query(next.url, 'select * from before_the_kill')).length, 0)
    await next.stop()
  })

  test('starts after a crash that left lock files behind, whoever has their numbers now', async () => {
    const first = await startEmbeddedPostgres({ dataDir })
    const pidFile = path.join(dataDir, 'postgres/postmaster.pid')
    const left = await readFile(pidFile, 'utf8')
    await first.stop('immediate')
    await writeFile(pidFile, left.replace(/^\d+/, String(process.pid)))
    await writeFile(path.join(dataDir, 'owner'), '4194304 1')
    const next = await startEmbeddedPostgres({ dataDir })
    assert.equal(next.adopted, false)
    await next.stop()
  })

  test('redoes a creation that was cut off', async () => {
    const other = await temporaryFolder(cleanup)
    await mkdir(path.join(other, 'postgres.new/base'), { recursive: true })
    await mkdir(path.join(other, 'postgres'))
    const server = await startEmbeddedPostgres({ dataDir: other })
    assert.deepEqual(await query(server.url, 'select 1 as n'), [{ n: 1 }])
    await server.stop()
    assert.ok(!existsSync(path.join(other, 'postgres.new')))
  })

  test('works for root below a folder that nobody else can enter', { skip: process.getuid?.() !== 0 }, async () => {
    const closed = await temporaryFolder(cleanup)
    await chmod(closed, 0o700)
    const lines: string[] = []
    const server = await startEmbeddedPostgres({ dataDir: path.join(closed, 'data'), log: (line) => lines.push(line) })
    const rows = (await query(server.url, 'show data_directory')) as { data_directory: string }[]
    await server.stop()
    const place = rows[0]?.data_directory ?? ''
    assert.match(place, /^\/var\/lib\/tasklog\//)
    assert.match(lines.join('\n'), /Only root can enter/)
    await rm(path.dirname(place), { recursive: true })
  })

  test('listens on loopback and asks for its password', async () => {
    const server = await startEmbeddedPostgres({ dataDir })
    const rows = (await query(server.url, 'show listen_addresses')) as { listen_addresses: string }[]
    assert.equal(rows[0]?.listen_addresses, '127.0.0.1')
    const wrong = new URL(server.url)
    wrong.password = 'wrong'
    await assert.rejects(query(wrong.href, 'select 1'), /password authentication failed/)
    await server.stop()
  })

  test('says why when it does not start', async () => {
    await assert.rejects(
      startEmbeddedPostgres({ dataDir, settings: { shared_buffers: 'nonsense' } }),
      /did not start[\s\S]*shared_buffers/,
    )
  })
})
