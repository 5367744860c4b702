import assert from 'node:assert/strict'
import { closeSync, existsSync, openSync } from 'node:fs'
import { connect } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { CleanupStack, cloneDatabase } from '../support/app.ts'
import { temporaryFolder } from '../support/own-postgres.ts'
import { slowUpload, startProcess, statusOf, tokenOf, until } from '../support/process.ts'

const SECRET = 'c29tZSBieXRlcyB0aGF0IGFyZSBub3QgcHVibGlzaGVk'
/** Of heap when ready: 40 are seen, and 60 when nothing is collected. */
const MOST_MEGABYTES = 50
const ADMIN = { ADMIN_USERNAME: 'root_admin', ADMIN_PASSWORD: 'a quiet otter laughs' }

describe('a server process', () => {
  const cleanup = new CleanupStack()
  let env: Record<string, string>

  before(async () => {
    const dataDir = await temporaryFolder(cleanup)
    env = { DATABASE_URL: await cloneDatabase(cleanup), DATA_DIR: dataDir, JWT_SECRET_KEY: SECRET, ...ADMIN }
  })
  after(() => cleanup.run())

  const start = async (extra: Record<string, string> = {}, args = ['serve', '--worker']) => {
    const server = await startProcess(args, { ...env, ...extra })
    cleanup.after(async () => server.kill('SIGKILL'))
    return server
  }

  test('finishes what it has begun at SIGTERM, takes nothing new, and ends with exit code 0 in under 10 s', async () => {
    const server = await start()
    await server.wrote(/Tasklog is ready/)
    const token = await tokenOf(server.base, 'root_admin', ADMIN.ADMIN_PASSWORD)
    const idle = connect(Number(new URL(server.base).port), '127.0.0.1')
    idle.on('error', () => {})
    const upload = slowUpload(server.base, token)
    await upload.begun
    const stopped = performance.now()
    server.kill('SIGTERM')
    await until(
      async () => (await fetch(server.base).catch(() => 'refused')) === 'refused',
      2_000,
      () => 'refusal',
    )
    upload.finish()
    const answer = await upload.answer
    assert.match(answer, /^HTTP\/1\.1 20[12] /)
    assert.match(answer, /connection: close/i)
    assert.equal(await server.ended(), 0)
    assert.ok(performance.now() - stopped < 10_000)
  })

  test('gives back what its start has taken before it says that it is ready', async () => {
    const server = await start({}, ['serve'])
    await server.wrote(/Tasklog is ready/)
    const text = await (await fetch(`${server.base}/metrics`)).text()
    const megabytes = Number(/^nodejs_heap_size_total_bytes (\d+)/m.exec(text)?.[1]) / 2 ** 20
    assert.ok(megabytes < MOST_MEGABYTES, `${megabytes} MB of heap`)
  })

  test('ends at its deadline when a client never finishes', async () => {
    const server = await start({ SHUTDOWN_SECONDS: '1' })
    await server.wrote(/Tasklog is ready/)
    const token = await tokenOf(server.base, 'root_admin', ADMIN.ADMIN_PASSWORD)
    const upload = slowUpload(server.base, token)
    upload.answer.catch(() => {})
    await upload.begun
    const stopped = performance.now()
    server.kill('SIGTERM')
    assert.equal(await server.ended(), 0)
    assert.ok(performance.now() - stopped < 6_000)
  })

  test('goes on when nobody reads its log any more', async () => {
    const server = await start({ LOG_LEVEL: 'debug' })
    await server.wrote(/Tasklog is ready/)
    server.child.stdout?.destroy()
    for (let i = 0; i < 20; i++) assert.equal(await statusOf(`${server.base}/livez`), 200)
    server.kill('SIGTERM')
    assert.equal(await server.ended(), 0)
  })

  test('goes on when the disk its log is written to is full', { skip: !existsSync('/dev/full') }, async () => {
    const full = openSync('/dev/full', 'w')
    const server = await startProcess(['serve', '--worker'], { ...env, LOG_LEVEL: 'debug' }, { stdout: full })
    closeSync(full)
    cleanup.after(async () => server.kill('SIGKILL'))
    await until(async () => (await statusOf(`${server.base}/readyz`)) === 200, 20_000)
    for (let i = 0; i < 50; i++) assert.equal(await statusOf(`${server.base}/livez`), 200)
    server.kill('SIGTERM')
    assert.equal(await server.ended(), 0)
  })

  test('does not write passwords, tokens or file contents into its log', async () => {
    const server = await start({ LOG_LEVEL: 'trace' })
    await server.wrote(/Tasklog is ready/)
    const token = await tokenOf(server.base, 'root_admin', ADMIN.ADMIN_PASSWORD)
    const form = new FormData()
    form.set('file', new Blob(['task_name,status\nsecret-cell-content,SECRET-STATUS\n']), 'a.csv')
    const headers = { authorization: `Bearer ${token}` }
    await statusOf(`${server.base}/upload-csv`, { method: 'POST', body: form, headers })
    await statusOf(`${server.base}/login`, { method: 'POST', body: '{"password":"hunter2-hunter2"' })
    server.kill('SIGTERM')
    await server.ended()
    for (const secret of [ADMIN.ADMIN_PASSWORD, token, SECRET, 'secret-cell', 'SECRET-STATUS', 'hunter2']) {
      assert.ok(!server.output().includes(secret), secret)
    }
  })

  describe('refuses a bad setting with one sentence and exit code 1', () => {
    const production = { NODE_ENV: 'production' }
    for (const [name, extra, says] of [
      ['a port that is none', { PORT: 'eighty' }, /^PORT must be a whole number from 0 to 65535, not "eighty"\.\n$/],
      ['a missing secret in production', { ...production, JWT_SECRET_KEY: '' }, /^JWT_SECRET_KEY is missing/],
      ['a weak first password', { ADMIN_USERNAME: 'another', ADMIN_PASSWORD: 'password' }, /ADMIN_PASSWORD is refused/],
      [
        'a first name that is none',
        { ADMIN_USERNAME: 'boss@example.org' },
        /^ADMIN_USERNAME is refused: username: must be/,
      ],
      ['a first name with a meaning', { ADMIN_USERNAME: 'me' }, /^ADMIN_USERNAME is refused: username: is reserved/],
    ] as const) {
      test(name, async () => {
        const server = await start(extra)
        assert.equal(await server.ended(), 1)
        const sentence = server
          .output()
          .split('\n')
          .filter((line) => !line.startsWith('{'))
          .join('\n')
        assert.match(sentence, says)
        assert.ok(!server.output().includes('    at '), 'no stack')
      })
    }
  })

  test('says so when its port is taken', async () => {
    const first = await start()
    await first.wrote(/Tasklog is ready/)
    const second = await start({ PORT: new URL(first.base).port })
    assert.equal(await second.ended(), 1)
    assert.match(second.output(), /^PORT \d+ on HOST 127\.0\.0\.1 cannot be used: another program listens there\.$/m)
    first.kill('SIGTERM')
    assert.equal(await first.ended(), 0)
  })

  test('does not show the demonstration to the network', async () => {
    const server = await start({ DATABASE_URL: '', HOST: '0.0.0.0' })
    assert.equal(await server.ended(), 1)
    assert.match(server.output(), /^HOST=0\.0\.0\.0 would show the demonstration/)
  })
})
