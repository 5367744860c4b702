import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { Agent, get } from 'node:http'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { median } from '../../bench/statistics.ts'
import { CleanupStack, cloneDatabase, SECRET, startApp } from '../support/app.ts'
import { startProcess } from '../support/process.ts'

const MOST_BYTES = 800

test('what a statement allocates is gone with it, and does not wait for a full collection', async (t) => {
  const env = {
    ...process.env,
    NODE_ENV: 'test',
    DATABASE_URL: await cloneDatabase(t),
    JWT_SECRET_KEY: SECRET,
  }
  const program = fileURLToPath(import.meta.resolve('./survivors.ts'))
  const { stdout } = await promisify(execFile)(process.execPath, [program], { env, timeout: 60_000 })
  const left = JSON.parse(stdout) as Record<string, number>
  assert.deepEqual(Object.keys(left), ['shared', 'alone', 'transaction'])
  for (const [way, bytes] of Object.entries(left))
    assert.ok(bytes < MOST_BYTES, `${way}: ${bytes} bytes of each are left`)
})

/** Of a list its page stays, as it is kept. */
const MOST_BYTES_OF_LIST = 2_500
const WINDOWS = 5
const LISTS = 1_000

test('so is what a list allocates that is read', async (t) => {
  const cleanup = new CleanupStack()
  t.after(() => cleanup.run())
  const app = await startApp(cleanup)
  const { token } = await app.person('reader')
  const env = { DATABASE_URL: app.databaseUrl, JWT_SECRET_KEY: SECRET, RATE_LIMIT_USER: '1000000/60' }
  const server = await startProcess(['serve'], env)
  const agent = new Agent({ keepAlive: true })
  cleanup.after(async () => {
    agent.destroy()
    server.kill('SIGKILL')
    await server.ended()
  })
  await server.wrote(/Tasklog is ready/)
  let asked = 0
  /** No question is asked twice. */
  const list = () =>
    new Promise<void>((resolve, reject) => {
      const options = { agent, headers: { authorization: `Bearer ${token}` } }
      get(`${server.base}/api/v1/tasks?assigned_user=user-${asked++}`, options, (answer) => {
        if (answer.statusCode === 200) answer.resume().on('end', resolve)
        else reject(new Error(`answered ${answer.statusCode}`))
      }).on('error', reject)
    })
  const lane = async () => {
    for (let i = 0; i < LISTS / 4; i++) await list()
  }
  const old = async () => {
    const text = await (await fetch(`${server.base}/metrics`)).text()
    return Number(/^nodejs_heap_space_size_used_bytes{space="old"} (\d+)/m.exec(text)?.[1])
  }
  const left: number[] = []
  for (let window = 0; window < WINDOWS; window++) {
    const before = await old()
    await Promise.all([lane(), lane(), lane(), lane()])
    left.push(Math.round(((await old()) - before) / LISTS))
  }
  // A full collection may come in one of them, and starting up leaves something in the first.
  assert.ok(median(left) < MOST_BYTES_OF_LIST, `${left} bytes of each are left`)
})
