import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import type { LoadPlan, LoadResult } from './load.ts'

/** Runs one load in a process of its own. @throws Error when requests were not answered, or not with a success */
export async function runLoad(plan: LoadPlan): Promise<LoadResult> {
  const child = start('load.ts')
  child.stdin?.end(JSON.stringify(plan))
  const [output, [code]] = await Promise.all([
    text(child.stdout as NonNullable<typeof child.stdout>),
    once(child, 'exit'),
  ])
  if (code !== 0) throw new Error(`the load generator ended with code ${code}`)
  const result = JSON.parse(output) as LoadResult
  if (result.failed > 0) throw new Error(`${result.failed} requests failed, the first with ${result.firstFailure}`)
  if (result.perSecond === 0) throw new Error('no request was answered in time')
  return result
}

export interface BareServer {
  base: string
  stop(): void
}

/** A server on `node:http` alone that gives this answer to every request. */
export async function startBareServer(answer: { headers: Record<string, string>; body: string }): Promise<BareServer> {
  const child = start('bare-server.ts')
  child.stdin?.end(JSON.stringify(answer))
  const [line] = await once(child.stdout as NonNullable<typeof child.stdout>, 'data')
  return { base: String(line).trim(), stop: () => void child.kill() }
}

/** In a session of its own, as every process of PostgreSQL is: Linux shares the cores out by session. */
function start(file: string): ChildProcess {
  const args = [path.join(import.meta.dirname, file)]
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'], detached: true })
  const end = () => void child.kill()
  process.once('exit', end)
  child.once('exit', () => process.off('exit', end))
  return child
}
