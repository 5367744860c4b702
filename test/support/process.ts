import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
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

/**
 * A command of the product as a process of its own, as an operator runs it.
 *
 * @param options.detached in a session of its own, which Linux gives a share of the machine of its own (sched_autogroup)
 * @param options.stdout where its standard output goes, when not to `output`
 */
export async function startProcess(
  args: string[],
  env: Record<string, string> = {},
  { detached = false, stdout = 'pipe' }: { detached?: boolean; stdout?: 'pipe' | number } = {},
): Promise<ServerProcess> {
  const port = await freePort()
  // What scripts/launch.mjs gives to every process.
  const { PATH, HOME, NODE_OPTIONS, NODE_COMPILE_CACHE, MALLOC_ARENA_MAX } = process.env
  const inherited = { PATH, HOME, NODE_OPTIONS, NODE_COMPILE_CACHE, MALLOC_ARENA_MAX }
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...inherited, PORT: String(port), LOG_LEVEL: 'info', ...env },
    cwd: path.dirname(MAIN), // no .env here
    stdio: ['pipe', stdout, 'pipe'],
    detached,
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

/** Asks again and again, `everyMs`, until the answer is yes. */
export async function until(
  condition: () => Promise<boolean>,
  ms: number,
  what: () => string = () => 'the condition',
  everyMs = 50,
): Promise<void> {
  const deadline = Date.now() + ms
  while (!(await condition().catch(() => false))) {
    if (Date.now() > deadline) throw new Error(`waited ${ms} ms for ${what()}`)
    await new Promise((resolve) => setTimeout(resolve, everyMs))
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

/** An upload that sends its head and its first row, and the rest when told to. */
export function slowUpload(base: string, token: string) {
  const head = '--B\r\ncontent-disposition: form-data; name="file"; filename="a.csv"\r\n\r\ntask_name\nFirst\n'
  const tail = 'Second\n\r\n--B--\r\n'
  const socket = connect(Number(new URL(base).port), '127.0.0.1')
  const begun = new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.write(
      `POST /upload-csv HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\n` +
        `content-type: multipart/form-data; boundary=B\r\ncontent-length: ${head.length + tail.length}\r\n\r\n${head}`,
      () => setTimeout(resolve, 200),
    )
  })
  const answer = new Promise<string>((resolve, reject) => {
    let text = ''
    socket.on('data', (data) => (text += data))
    socket.on('end', () => resolve(text)).on('error', reject)
    socket.on('close', () => resolve(text))
  })
  return { begun, answer, finish: () => void socket.write(tail), destroy: () => void socket.destroy() }
}
