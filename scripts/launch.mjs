// Runs on any Node from 20 on, with nothing installed: installs what package-lock.json names, then runs a script
// under the Node 24 that comes with it. Usage: node scripts/launch.mjs <script.ts> [arguments]
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'

const root = path.resolve(import.meta.dirname, '..')
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
  writeFileSync(stamp, wanted)
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

function run([script, ...args]) {
  const child = spawn(findNode(), [path.resolve(root, script), ...args], { stdio: 'inherit' })
  // A terminal sends Ctrl-C to both of us; passing it on would be a second one.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'))
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  if (process.env.npm_lifecycle_event) stopWithParent(child)
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)))
}

// A signal to npm ends npm and the shell between us, and reaches us only as a change of parent.
function stopWithParent(child) {
  const parent = process.ppid
  setInterval(() => process.ppid === parent || child.kill('SIGTERM'), 500).unref()
}

function findNode() {
  const own = path.join(root, 'node_modules/node/bin/node')
  if (existsSync(own)) return own
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath
  console.error('Node 24 is missing: the npm package `node` brought no binary for this machine. Install Node 24.')
  process.exit(1)
}
