import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { buildConsole, CONSOLE_DIST } from './build-console.ts'

/** What a browser loads before it shows the list of tasks, gzipped; charts, the board and the rest come when they are opened. */
const LIMIT_BYTES = 350_000
const FIRST_PAGE = 'src/tasks/tasks-page.tsx'

interface Chunk {
  file: string
  imports?: string[]
}

/** @returns what is wrong, or undefined */
export async function checkConsoleSize(): Promise<string | undefined> {
  await buildConsole()
  const manifest = JSON.parse(await readFile(path.join(CONSOLE_DIST, '.vite/manifest.json'), 'utf8'))
  const files = new Set<string>()
  for (const entry of ['index.html', 'src/app/shell.tsx', FIRST_PAGE]) collect(manifest, entry, files)
  let bytes = 0
  for (const file of files) bytes += gzipSync(await readFile(path.join(CONSOLE_DIST, file)), { level: 9 }).length
  console.log(`       console: ${(bytes / 1_000).toFixed(0)} kB of JavaScript, gzipped, at the first load`)
  return bytes > LIMIT_BYTES ? `The console loads ${bytes} bytes at first, more than ${LIMIT_BYTES}.` : undefined
}

function collect(manifest: Record<string, Chunk>, name: string, files: Set<string>): void {
  const chunk = manifest[name]
  if (!chunk || files.has(chunk.file)) return
  files.add(chunk.file)
  for (const imported of chunk.imports ?? []) collect(manifest, imported, files)
}
