import assert from 'node:assert/strict'
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { describe, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

type Launched = ChildProcessByStdio<null, Readable, Readable>

const LAUNCHER = path.resolve(import.meta.dirname, '../../scripts/launch.mjs')
const ARGUMENTS = 'console.log(JSON.stringify(process.argv.slice(2))); process.exit(7)'
const COUNTER = `
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => console.log(signal))
  setInterval(() => {}, 1_000)
  console.log('ready')`

test('arguments go to the script, and its exit code comes back', async (t) => {
  const { launch } = await project(t, ARGUMENTS)
  const { code, output } = await toEnd(launch(['--a', 'b c']))
  assert.deepEqual([code, output.trim().split('\n').at(-1)], [7, '["--a","b c"]'])
})

test('a script that died of a signal gives 128 and its number', async (t) => {
  const { launch } = await project(t, `process.kill(process.pid, 'SIGKILL')`)
  assert.equal((await toEnd(launch())).code, 137)
})

test('Node is run with little memory, what is compiled is kept, and the settings of whoever starts it stay', async (t) => {
  const script = `console.log(JSON.stringify([process.env.NODE_OPTIONS, process.env.MALLOC_ARENA_MAX]))`
  const { folder, launch } = await project(t, script)
  const own = launch([], { NODE_OPTIONS: '--no-deprecation', MALLOC_ARENA_MAX: '7' })
  const { output } = await toEnd(own)
  assert.equal(output.trim().split('\n').at(-1), '["--max-semi-space-size=4 --v8-pool-size=1 --no-deprecation","7"]')
  assert.ok((await readdir(path.join(folder, 'node_modules/.compile-cache'))).length > 0)
})

// They wait most of the time.
describe('signals', { concurrency: true }, () => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    test(`${signal} to the launcher alone reaches the script once`, async (t) => {
      assert.deepEqual(await signalsSeen(t, (pid) => process.kill(pid, signal)), [signal])
    })
    test(`${signal} to the whole process group reaches the script once, as it has it already`, async (t) => {
      assert.deepEqual(await signalsSeen(t, (pid) => process.kill(-pid, signal)), [signal])
    })
  }

  test('a second signal to the launcher, sent later, is a second one to the script', async (t) => {
    const seen = await signalsSeen(t, async (pid) => {
      process.kill(pid, 'SIGTERM')
      await sleep(500)
      process.kill(pid, 'SIGTERM')
    })
    assert.deepEqual(seen, ['SIGTERM', 'SIGTERM'])
  })
})

test('packages are installed when they are missing or out of step, and only then', async (t) => {
  const { folder, launch } = await project(t, ARGUMENTS)
  const told = async () => /npm ci/.test((await toEnd(launch())).output)
  assert.deepEqual([await told(), await told()], [true, false])
  await writeVersion(folder, '2.0.0')
  assert.deepEqual([await told(), await told()], [true, false])
  await rm(path.join(folder, 'node_modules'), { recursive: true })
  assert.deepEqual([await told(), await told()], [true, false])
})

test('packages that cannot be installed are one sentence and exit code 1, and are tried again next time', async (t) => {
  const { folder, launch } = await project(t, ARGUMENTS)
  await writeFile(path.join(folder, 'package.json'), '{ "name": ') // npm ends at once, without asking the registry
  for (let trial = 0; trial < 2; trial++) {
    const { code, output } = await toEnd(launch())
    assert.equal(code, 1)
    assert.match(output, /^Installing dependencies failed; .*$/m)
    assert.doesNotMatch(output, /\n\s+at /)
  }
})

test('the Node that the packages bring is the one that runs the script', async (t) => {
  const { folder, launch } = await project(t, ARGUMENTS)
  await toEnd(launch())
  const own = path.join(folder, 'node_modules/node/bin/node')
  await mkdir(path.dirname(own), { recursive: true })
  await writeFile(own, '#!/bin/sh\necho their own\nexit 3\n', { mode: 0o755 })
  assert.deepEqual(await toEnd(launch()), { code: 3, output: 'their own\n' })
})

/** With one package, which comes from the project itself: npm ci needs no network for it. */
const packageOf = (version: string) => ({ name: 'p', version, dependencies: { local: 'file:local' } })
const lockOf = (version: string) => ({
  name: 'p',
  version,
  lockfileVersion: 3,
  packages: {
    '': packageOf(version),
    local: { version: '1.0.0' },
    'node_modules/local': { resolved: 'local', link: true },
  },
})

async function writeVersion(folder: string, version: string): Promise<void> {
  await writeFile(path.join(folder, 'package.json'), JSON.stringify(packageOf(version)))
  await writeFile(path.join(folder, 'package-lock.json'), JSON.stringify(lockOf(version)))
}

/** A project around a copy of the launcher. */
async function project(t: TestContext, script: string) {
  const folder = await mkdtemp(path.join(tmpdir(), 'tasklog-launch-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  await mkdir(path.join(folder, 'scripts'))
  await copyFile(LAUNCHER, path.join(folder, 'scripts/launch.mjs'))
  await mkdir(path.join(folder, 'local'))
  await writeFile(path.join(folder, 'local/package.json'), '{"name":"local","version":"1.0.0"}')
  await writeVersion(folder, '1.0.0')
  await writeFile(path.join(folder, 'script.mjs'), script)
  const launch = (args: string[] = [], settings: Record<string, string> = {}) => {
    // These variables would be those of the npm and the launcher that run these tests.
    const ofRunner = /^(?:npm_.*|NODE_OPTIONS|NODE_COMPILE_CACHE|MALLOC_ARENA_MAX)$/i
    const kept = Object.entries(process.env).filter(([name]) => !ofRunner.test(name))
    const env = { ...Object.fromEntries(kept), ...settings }
    const command = ['scripts/launch.mjs', 'script.mjs', ...args]
    const child = spawn(process.execPath, command, {
      cwd: folder,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    t.after(() => end(child))
    return child
  }
  return { folder, launch }
}

/** What the script saw until a second after the first signal arrived, however long a busy machine takes for that. */
async function signalsSeen(t: TestContext, send: (pid: number) => unknown): Promise<string[]> {
  const { launch } = await project(t, COUNTER)
  const child = launch()
  const lines: string[] = []
  createInterface(child.stdout).on('line', (line) => lines.push(line))
  for (let waited = 0; !lines.includes('ready'); waited += 10) {
    assert.ok(waited < 10_000, 'the script was not started')
    await sleep(10)
  }
  const signals = () => lines.filter((line) => line.startsWith('SIG'))
  await send(child.pid as number)
  for (let waited = 0; signals().length === 0 && waited < 10_000; waited += 10) await sleep(10)
  await sleep(1_000)
  return signals()
}

async function toEnd(child: Launched): Promise<{ code: number | null; output: string }> {
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  const [code] = await once(child, 'close')
  return { code, output }
}

function end(child: Launched): void {
  try {
    process.kill(-(child.pid as number), 'SIGKILL')
  } catch {
    // all of it has ended
  }
}
