import { execFileSync, spawnSync } from 'node:child_process'

/**
 * The path of a program of the system: of the first of the names that is there. When there is none, the package is installed if that can be
 * done here (Debian, as root).
 *
 * @param missing the sentence that says what to do when there is none
 * @throws Error with that sentence
 */
export function findProgram(names: string[], packageName: string, missing: string): string {
  const find = () => names.map(pathOf).find(Boolean)
  if (!find()) installPackage(packageName)
  const found = find()
  if (!found) throw new Error(missing)
  return found
}

/** The path of the browser that the console is tested in. */
export function findChromium(): string {
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
  return findProgram(names, 'chromium', 'The browser tests need Chromium: install the package chromium.')
}

const pathOf = (name: string) => spawnSync('sh', ['-c', 'command -v "$0"', name], { encoding: 'utf8' }).stdout.trim()

function installPackage(name: string): void {
  if (process.getuid?.() !== 0 || !pathOf('apt-get')) return
  const options = { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } } as const
  try {
    execFileSync('apt-get', ['update'], options)
    execFileSync('apt-get', ['install', '-y', '--no-install-recommends', name], options)
  } catch {
    // The caller says what is missing.
  }
}
