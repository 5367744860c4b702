import { createApp } from '../src/app.ts'
import type { ProcessContext } from '../src/platform/context.ts'
import { type ServerProcess, startProcess, until } from '../test/support/process.ts'
import { PEOPLE } from './import-files.ts'
import { memoryText, watchMemory } from './process-memory.ts'
import { percentile } from './statistics.ts'
import { SECRET } from './support.ts'

/** API and worker, processes of their own. */
export interface Servers {
  api: ServerProcess
  worker: ServerProcess
}

export async function withServers(ctx: ProcessContext, work: (servers: Servers) => Promise<void>): Promise<void> {
  const env = { DATABASE_URL: ctx.config.databaseUrl ?? '', JWT_SECRET_KEY: SECRET, RATE_LIMIT_USER: '1000000/60' }
  const servers = { api: await startProcess(['serve'], env), worker: await startProcess(['worker'], env) }
  try {
    await Promise.all([servers.api.wrote(/Tasklog is ready/), servers.worker.wrote(/worker is ready/)])
    await work(servers)
  } finally {
    for (const server of Object.values(servers)) {
      server.kill('SIGKILL')
      await server.ended()
    }
  }
}

export type Outcome = 'created' | 'unchanged' | 'updated'

export type Imported = Awaited<ReturnType<typeof importText>>

/**
 * One import from its first byte until every row is a task; meanwhile a page of tasks is read twenty times a second.
 *
 * @param outcome what must come of every row
 */
export async function importText(
  { api, worker }: Servers,
  token: string,
  text: Iterable<string> | AsyncIterable<Buffer>,
  outcome: Outcome,
) {
  const memory = { api: watchMemory(api), worker: watchMemory(worker), arrival: watchMemory(api) }
  const others = readMeanwhile(api, token)
  const started = performance.now()
  const seconds = () => (performance.now() - started) / 1_000
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'text/csv' }
  const init = { method: 'POST', headers, body: ReadableStream.from(buffers(text)), duplex: 'half' } as RequestInit
  const answer = await fetch(`${api.base}/api/v1/imports?again=true`, init)
  const { id } = (await answer.json()) as { id: number }
  if (answer.status !== 202) throw new Error(`the upload was answered ${answer.status}`)
  const accepted = seconds()
  const arrived = memory.arrival()
  const look = async () =>
    (await (await fetch(`${api.base}/api/v1/imports/${id}`, { headers })).json()) as Record<string, number> & {
      state: string
    }
  await until(async () => ['done', 'failed'].includes((await look()).state), 3_600_000)
  const ended = seconds()
  const { state, rows, bytes, ...counts } = await look()
  if (state !== 'done' || counts[outcome] !== rows)
    throw new Error(`the import is ${state}, with ${counts[outcome]} of ${rows} rows ${outcome}`)
  const latencies = await others.end()
  const [p50, p99] = [percentile(latencies, 0.5), percentile(latencies, 0.99)]
  const peaks = { arrived, api: memory.api(), worker: memory.worker() }
  return { seconds: ended, accepted, bytes: bytes ?? 0, ...peaks, p50, p99 }
}

async function* buffers(text: Iterable<string> | AsyncIterable<Buffer>): AsyncGenerator<Uint8Array> {
  for await (const piece of text) yield Buffer.from(piece)
}

export function textOf({ seconds, accepted, arrived, api, worker, p50, p99 }: Imported): string {
  const memory = `${memoryText('API', api)}, ${memoryText('worker', worker)}`
  const others = `other requests p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms`
  return `${seconds.toFixed(1)} (202 after ${accepted.toFixed(1)}, ${memoryText('API', arrived)} until then); ${memory}; ${others}`
}

function readMeanwhile({ base }: ServerProcess, token: string) {
  const latencies: number[] = []
  let isOver = false
  const reading = (async () => {
    while (!isOver) {
      const started = performance.now()
      await (await fetch(`${base}/api/v1/tasks`, { headers: { authorization: `Bearer ${token}` } })).arrayBuffer()
      latencies.push(performance.now() - started)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  })()
  return {
    async end() {
      isOver = true
      await reading
      return latencies
    },
  }
}

/** @returns an administrator's access token */
export async function makePeople(ctx: ProcessContext): Promise<string> {
  const { auth } = await createApp(ctx)
  await run(ctx, `insert into users (username, password_hash, role) values ('person_0', 'none', 'admin')`)
  const credentials = { id: 1, username: 'person_0', role: 'admin' as const, password_hash: 'none' }
  const client = { address: '127.0.0.1', userAgent: 'bench' }
  const { access_token } = await auth.openSession(ctx.db, credentials, client)
  await run(
    ctx,
    `insert into users (username, password_hash) select 'person_' || i, 'none' from generate_series(1, ${PEOPLE - 1}) i`,
  )
  return access_token
}

export async function run(ctx: ProcessContext, text: string): Promise<void> {
  await ctx.db.query({ text })
}
