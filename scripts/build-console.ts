import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { globSync } from 'node:fs'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'

/**
 * Builds the console, web/ → web/dist, unless what is there was built from the same sources: `npm run build`. `npm start` and
 * `npm test` do it on their way.
 */

const root = path.resolve(import.meta.dirname, '..')
export const CONSOLE_DIST = path.join(root, 'web/dist')
const stamp = path.join(CONSOLE_DIST, '.sources')

export async function buildConsole(): Promise<void> {
  const sources = await hashSources()
  if ((await readFile(stamp, 'utf8').catch(() => '')) === sources) return
  console.error('Building the console …')
  // Beside the old one, so that a server which is running, or a second build, never sees half of one.
  const fresh = path.join(root, `web/.dist-${process.pid}`)
  try {
    await runVite(fresh)
    await compressFiles(fresh)
    await writeFile(path.join(fresh, '.sources'), sources)
    await rm(CONSOLE_DIST, { recursive: true, force: true })
    await rename(fresh, CONSOLE_DIST).catch(async (error) => {
      if ((await readFile(stamp, 'utf8').catch(() => '')) !== sources) throw error // another build was faster
    })
  } finally {
    await rm(fresh, { recursive: true, force: true })
  }
}

async function hashSources(): Promise<string> {
  const patterns = ['web/index.html', 'web/*.ts', 'web/src/**/*.*', 'package-lock.json', 'scripts/build-console.ts']
  // What is made of the API's description has no part in what runs.
  const names = globSync(patterns, { cwd: root, exclude: (name) => name.endsWith('.d.ts') }).sort()
  const hash = createHash('sha256')
  for (const name of names) hash.update(`${name}\0`).update(await readFile(path.join(root, name)))
  return hash.digest('hex')
}

/** In a process of its own: what a bundler takes of memory ends with it. */
async function runVite(outDir: string): Promise<void> {
  const vite = path.join(root, 'node_modules/vite/bin/vite.js')
  const args = [vite, 'build', 'web', '--outDir', outDir, '--emptyOutDir', '--logLevel=warn']
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error('The console could not be built; see above. `npm ci` brings what it needs.')
}

const COMPRESSIONS = {
  br: (bytes: Buffer) =>
    promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }),
  gz: (bytes: Buffer) => promisify(gzip)(bytes, { level: 9 }),
}

/** Once here, so that no request pays for it. */
async function compressFiles(folder: string): Promise<void> {
  const files = globSync('assets/*.{js,css,svg}', { cwd: folder }).map((name) => path.join(folder, name))
  await Promise.all(
    files.map(async (file) => {
      const bytes = await readFile(file)
      for (const [ending, compress] of Object.entries(COMPRESSIONS))
        await writeFile(`${file}.${ending}`, await compress(bytes))
    }),
  )
}

if (import.meta.main) await buildConsole()
