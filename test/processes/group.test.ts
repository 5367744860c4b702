import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { CleanupStack, cloneDatabase } from '../support/app.ts'
import { ask } from '../support/ask.ts'
import { temporaryFolder } from '../support/own-postgres.ts'
import { type ServerProcess, startProcess, statusOf, until } from '../support/process.ts'
import { freePort } from '../support/redis-server.ts'

/** After SIGTERM, with some time for the signal to arrive. */
const TAKES_REQUESTS_MS = 300
const COMMAND = ['serve', '--processes', '2', '--worker']

describe('serve --processes', () => {
  const cleanup = new CleanupStack()
  let env: Record<string, string>

  before(async () => {
    env = {
      DATABASE_URL: await cloneDatabase(cleanup),
      DATA_DIR: await temporaryFolder(cleanup),
      JWT_SECRET_KEY: 'c29tZSBieXRlcyB0aGF0IGFyZSBub3QgcHVibGlzaGVk',
      METRICS_TOKEN: 'let-me-see',
    }
  })
  after(() => cleanup.run())

  async function start(extra: Record<string, string> = {}): Promise<ServerProcess> {
    const server = await startProcess(COMMAND, { ...env, ...extra })
    cleanup.after(async () => {
      for (const pid of Object.values(pidsOf(server))) signal(pid, 'SIGCONT')
      server.kill('SIGKILL')
    })
    return server
  }
  const ready = async (server: ServerProcess) => {
    await server.wrote(/Tasklog is ready/)
    await until(async () => linesOf(server).filter(({ msg }) => /^(worker is )?ready$/.test(msg)).length === 3, 15_000)
    return server
  }
  const health = (server: ServerProcess) => ask(server.base, 'GET', '/readyz', { timeoutMs: 3_000 })

  test('is one service: one port, and metrics of each process wherever they are asked for', async () => {
    const server = await ready(await start())
    for (let i = 0; i < 10; i++) assert.equal((await health(server)).status, 200)
    const { text } = await ask(server.base, 'GET', '/metrics', { token: 'let-me-see' })
    for (const name of ['api-1', 'api-2', 'worker']) {
      for (const number of [
        'process_resident_memory_bytes',
        'process_start_time_seconds',
        'nodejs_eventloop_lag_p99_seconds',
      ])
        assert.match(text, new RegExp(`^${number}\\{process="${name}"\\} \\d`, 'm'))
    }
    const counts = text
      .split('\n')
      .filter((line) => /^http_request_duration_seconds_count.*route="\/readyz"/.test(line))
    for (const name of ['api-1', 'api-2'])
      assert.ok(
        counts.some((line) => line.includes(`process="${name}"`)),
        name,
      )
    assert.ok(counts.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0) >= 10)
    assert.equal(text.match(/^# TYPE process_resident_memory_bytes/gm)?.length, 1)
    const told = new Set(linesOf(server).map((line) => line.process))
    assert.deepEqual([...told].sort(), ['api-1', 'api-2', 'main', 'worker'])
    server.kill('SIGTERM')
    assert.equal(await server.ended(), 0)
  })

  test('replaces a process that is killed, while the others answer', async () => {
    const server = await ready(await start())
    for (const victim of ['api-1', 'worker']) {
      const before = pidsOf(server)[victim]
      signal(before, 'SIGKILL')
      await until(
        async () => pidsOf(server)[victim] !== before,
        5_000,
        () => `another ${victim}`,
      )
      for (let i = 0; i < 6; i++) assert.equal((await health(server)).status, 200)
    }
    await until(
      async () => /process="api-1"/.test((await ask(server.base, 'GET', '/metrics', { token: 'let-me-see' })).text),
      15_000,
    )
    assert.equal(server.output().match(/another takes its place/g)?.length, 2)
    const again = () =>
      linesOf(server).filter(({ msg, process }) => msg === 'ready' && process === 'api-1').length === 2
    await until(
      async () => again(),
      20_000,
      () => 'the one in its place to be ready',
    )
    server.kill('SIGTERM')
    assert.equal(await server.ended(), 0)
  })

  test('gives no more than one connection to a process that hangs', async () => {
    const server = await ready(await start())
    const { 'api-1': pid } = pidsOf(server)
    signal(pid, 'SIGSTOP')
    let failed = 0
    for (let i = 0; i < 12; i++) await health(server).catch(() => failed++)
    const { text } = await ask(server.base, 'GET', '/metrics', { token: 'let-me-see' })
    assert.match(text, /process="worker"/, 'the others still tell of themselves')
    assert.doesNotMatch(text, /process="api-1"/)
    signal(pid, 'SIGCONT')
    assert.ok(failed <= 1, `${failed} of 12 requests were not answered`)
    server.kill('SIGTERM')
    assert.equal(await server.ended(), 0)
  })

  test('answers all that is under way at SIGTERM, and ends with exit code 0', async () => {
    const server = await ready(await start())
    let isOver = false
    let stopped = Number.POSITIVE_INFINITY
    const counts = { answered: 0, refused: 0, failed: 0 }
    const client = async () => {
      while (!isOver) {
        const begun = performance.now()
        await ask(server.base, 'GET', '/openapi.json').then(
          () => counts.answered++,
          // What arrives while the port is closed is refused, or reset in the moment of that.
          () => (begun > stopped + TAKES_REQUESTS_MS ? counts.refused++ : counts.failed++),
        )
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
    const clients = Array.from({ length: 4 }, client)
    await until(async () => counts.answered > 20, 10_000)
    stopped = performance.now()
    server.kill('SIGTERM')
    assert.equal(await server.ended(), 0)
    assert.ok(performance.now() - stopped < 10_000)
    isOver = true
    await Promise.all(clients)
    assert.equal(counts.failed, 0)
    assert.ok(Object.values(pidsOf(server)).every((pid) => !isAlive(pid)))
  })

  test('ends whole when its main process is killed', async () => {
    const server = await ready(await start())
    server.kill('SIGKILL')
    await server.ended()
    await until(async () => Object.values(pidsOf(server)).every((pid) => !isAlive(pid)), 5_000)
  })

  test('is alive before its database is there, and says once that it waits', async () => {
    const server = await start({ DATABASE_URL: `postgres://nobody@127.0.0.1:${await freePort()}/none` })
    await until(async () => (await statusOf(`${server.base}/livez`)) === 200, 15_000)
    assert.equal((await health(server)).status, 503)
    await server.wrote(/the database does not answer yet; waiting/)
    server.kill('SIGTERM')
    assert.equal(await server.ended(), 0)
    assert.equal(server.output().match(/does not answer yet/g)?.length, 1)
  })

  test('says one sentence when its port is taken, and ends with exit code 1', async () => {
    const port = await freePort()
    const other = createServer().listen(port, '127.0.0.1')
    cleanup.after(async () => void other.close())
    const server = await start({ PORT: String(port) })
    assert.equal(await server.ended(), 1)
    assert.equal(server.output().match(/^PORT \d+ on HOST 127\.0\.0\.1 cannot be used: .*$/gm)?.length, 1)
  })

  for (const bad of ['0', 'two', '65']) {
    test(`refuses --processes ${bad} with a sentence`, async () => {
      const server = await startProcess(['serve', '--processes', bad], env)
      assert.equal(await server.ended(), 1)
      assert.match(server.output(), /--processes <n>' argument '.*' is invalid\. It must be 1 to 64\./)
    })
  }
})

interface Line {
  msg: string
  process: string
  started?: string
  child?: number
}

function linesOf(server: ServerProcess): Line[] {
  const lines = server.output().split('\n')
  return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line))
}

/** Who runs now, by name, as the log tells. */
function pidsOf(server: ServerProcess): Record<string, number> {
  const started = linesOf(server).filter(({ msg }) => msg === 'process started')
  return Object.fromEntries(started.map(({ started, child }) => [started, child]))
}

function signal(pid: number | undefined, name: NodeJS.Signals | 0): boolean {
  if (!pid) return false
  try {
    return process.kill(pid, name)
  } catch {
    return false
  }
}

const isAlive = (pid: number) => signal(pid, 0)
