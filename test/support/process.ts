import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { freePort } from './redis-server.ts'

const MAIN = path.resolve(import.meta.dirname, '../../src/main.ts')

export interface ServerProcess {
  child: ChildProcess
  base: string
  /** Everything it wrote. */
  output(): string
  /** Waits until it has written this. */
  wrote(pattern: RegExp, ms?: number): Promise<void>
  kill(signal: NodeJS.Signals): void
  /** Waits for its end. @returns exit code, or the signal that ended it */
  ended(): Promise<number | string>
}

/** A command of the product as a process of its own, as an operator runs it. */
export async function startProcess(args: string[], env: Record<string, string> = {}): Promise<ServerProcess> {
  const port = await freePort()
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, PORT: String(port), LOG_LEVEL: 'info', ...env },
    cwd: path.dirname(MAIN), // no .env here
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => (text += data))
  const end = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | string)
  return {
    child,
    base: `http://127.0.0.1:${port}`,
    output: () => text,
    kill: (signal) => void child.kill(signal),
    ended: () => end,
    wrote: (pattern, ms = 20_000) =>
      until(
        async () => pattern.test(text),
        ms,
        () => `${pattern} in: ${text}`,
      ),
  }
}

/** Asks again and again until the answer is yes. */
export async function until(
  condition: () => Promise<boolean>,
  ms: number,
  what: () => string = () => 'the condition',
): Promise<void> {
  const deadline = Date.now() + ms
  while (!(await condition().catch(() => false))) {
    if (Date.now() > deadline) throw new Error(`waited ${ms} ms for ${what()}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

export async function statusOf(url: string, init: RequestInit = {}): Promise<number> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(10_000), ...init })
  await answer.arrayBuffer()
  return answer.status
}

/** Logs in over HTTP. @returns the access token */
export async function tokenOf(base: string, username: string, password: string): Promise<string> {
  const answer = await fetch(`${base}/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username, password }),
  })
  const body = (await answer.json()) as { access_token?: string }
  if (!body.access_token) throw new Error(`login answered ${answer.status}: ${JSON.stringify(body)}`)
  return body.access_token
}
