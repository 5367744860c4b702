import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import type { Scope } from '../support/app.ts'
import type { Image } from './dockerfile.ts'

export interface Running {
  process: ChildProcess
  output(): string
  /** Its exit code, or the signal that ended it. */
  ended: Promise<number | string>
}

/** Starts a command of the image with its environment and these settings, and nothing of ours. */
export function start(image: Image, command: string[], settings: Record<string, string>, scope?: Scope): Running {
  const [program = '', ...args] = command
  const user = userOf(image)
  // What was compiled is for the image's user; another would keep its own.
  const compiled: Record<string, string> = user.uid === undefined ? { NODE_COMPILE_CACHE: '' } : {}
  const child = spawn(program === 'node' ? process.execPath : program, args, {
    cwd: image.workdir,
    env: { ...image.env, ...compiled, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...user,
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  const ended = once(child, 'exit').then(([code, signal]) => code ?? signal)
  scope?.after(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return { process: child, output: () => output, ended }
}

/** The image's user, where this test may become it and that user may run our Node. */
export function userOf(image: Image): { uid?: number; gid?: number } {
  const [uid = Number.NaN, gid = Number.NaN] = image.user.split(':').map(Number)
  if (process.getuid?.() !== 0) return {}
  const asUser = { uid, gid }
  return spawnSync(process.execPath, ['--version'], { ...asUser, cwd: '/' }).status === 0 ? asUser : {}
}

/** Runs a command of the image to its end. */
export async function runToEnd(image: Image, command: string[], settings: Record<string, string> = {}) {
  const running = start(image, command, settings)
  return { code: await running.ended, output: running.output() }
}
