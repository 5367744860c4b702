// Runs on any Node from 20 on, with nothing installed: installs what package-lock.json names, then runs a script
// under the Node 24 that comes with it. Usage: node scripts/launch.mjs <script.ts> [arguments]
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const lockFile = path.join(root, 'package-lock.json')
const installed = path.join(root, 'node_modules/.package-lock.json')
const stamp = path.join(root, 'node_modules/.tasklog-lock')

installIfNeeded()
run(process.argv.slice(2))

function installIfNeeded() {
  const wanted = createHash('sha256').update(readFileSync(lockFile)).digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  // Somebody ran npm ci themselves.
  const isNewer =
    existsSync(installed) && !existsSync(stamp) && statSync(installed).mtimeMs > statSync(lockFile).mtimeMs
  if (!isNewer) install()
  // Another user's checkout need not be ours to write in.
  try {
    writeFileSync(stamp, wanted)
  } catch {}
}

function install() {
  console.error('Installing dependencies (npm ci) …')
  const npm = process.env.npm_execpath
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']
  const options = { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] }
  const { status } = npm ? spawnSync(process.execPath, [npm, ...args], options) : spawnSync('npm', args, options)
  if (status === 0) return
  console.error('Installing dependencies failed; see above. Is the npm registry reachable?')
  process.exit(1)
}

// In the Dockerfile stands the same. The young generation grows to 2 x 32 MiB while a process starts, and never shrinks: it
// gets 2 x 4, which is what a process under load needs to stay below 150 MB. V8 has one thread to help it, not four: while it
// collects garbage they would take the cores from the thread that answers, and from the database. What was compiled, its
// types stripped, is kept for the next start, which never loads the stripper then. glibc has two areas for all threads, not
// eight a core.
function settings({ NODE_OPTIONS = '', ...env }) {
  const compileCache = path.join(root, 'node_modules/.compile-cache')
  const ours = { NODE_COMPILE_CACHE: compileCache, MALLOC_ARENA_MAX: '2' }
  return { ...ours, ...env, NODE_OPTIONS: `--max-semi-space-size=4 --v8-pool-size=1 ${NODE_OPTIONS}`.trim() }
}

function run([script, ...args]) {
  const options = { stdio: 'inherit', env: settings(process.env) }
  const child = spawn(findNode(), [path.resolve(root, script), ...args], options)
  child.on('error', (error) => {
    console.error(`Node 24 cannot be run (${error.message}). Remove node_modules and try again.`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]))
  const passOn = signalPasser(child)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, passOn)
  if (process.env.npm_lifecycle_event) watchParent(() => passOn('SIGTERM'))
}

// Ctrl-C, a closed terminal and many supervisors signal the whole process group, so the script has got the signal
// already and would take ours for a second, impatient one. Nobody tells us whether a signal was for us alone, so
// something harmless in our group shows it: when it has died, the signal was for all. It ends with us by itself.
function signalPasser(child) {
  const startCanary = () => spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] }).on('error', () => {})
  let canary = startCanary()
  let isWaiting = false
  return (signal) => {
    if (isWaiting) return
    isWaiting = true
    setTimeout(() => {
      isWaiting = false
      if (canary.signalCode) canary = startCanary()
      else if (process.platform !== 'win32') child.kill(signal) // there it would be no request, but the end
    }, 200)
  }
}

// A signal to npm alone ends npm and the shell between us, and reaches us only as a change of parent.
function watchParent(changed) {
  const parent = process.ppid
  let signalled = false
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => (signalled = true))
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    if (!signalled) changed()
  }, 500).unref()
}

function findNode() {
  const own = path.join(root, 'node_modules/node/bin/node')
  if (existsSync(own)) return own
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath
  console.error('Node 24 is missing: the npm package `node` brought no binary for this machine. Install Node 24.')
  process.exit(1)
}
