import { PasswordHasher } from '../../src/auth/passwords.ts'
import type { Context } from '../../src/platform/context.ts'
import { runLoad, startBareServer } from '../processes.ts'
import { runPgbench } from './pgbench.ts'
import type { Workload } from './workloads.ts'
import { PASSWORD, type World } from './world.ts'

/** The most this machine can do of a kind of work, without the product. */
export interface Limit {
  name: string
  /** @returns how many a second */
  run(seconds: number): Promise<number>
  stop(): void
}

interface Place {
  ctx: Context
  world: World
  connections: number
}

/** A server on `node:http` alone that answers with the bytes that the API answers with. */
export async function bareHttp({ world, connections }: Place, base: string, workload: Workload): Promise<Limit> {
  const [request] = workload.requests(1)
  if (!request) throw new Error('no request')
  const answer = await fetch(base + request.path, { headers: { authorization: `Bearer ${world.tokens[0]}` } })
  const own = ['connection', 'keep-alive', 'date', 'transfer-encoding']
  const headers = Object.fromEntries([...answer.headers].filter(([name]) => !own.includes(name)))
  const server = await startBareServer({ headers, body: await answer.text() })
  const { tokens } = world
  return {
    name: 'bare `node:http`, same bytes',
    run: async (seconds) =>
      (await runLoad({ base: server.base, connections, seconds, warmUp: 0.5, tokens, requests: [request] })).perSecond,
    stop: () => server.stop(),
  }
}

/** The same statements from pgbench. */
export function pgbenchOf({ ctx, connections }: Place, pgbench: string, { scripts }: Workload): Limit {
  const url = ctx.config.databaseUrl ?? ''
  return {
    name: '`pgbench`, same statements',
    run: (seconds) => {
      const define = { fields: JSON.stringify({ title: `Title of ${Date.now()}` }) }
      return runPgbench(pgbench, scripts, { url, connections, seconds, define })
    },
    stop: () => {},
  }
}

/** Passwords checked by nothing else, as many at a time as the API allows itself. */
export async function bareArgon2({ ctx }: Place): Promise<Limit> {
  const atOnce = ctx.config.passwordHashesInFlight
  const hasher = new PasswordHasher(atOnce)
  const stored = await hasher.hash(PASSWORD)
  return {
    name: `argon2id alone, ${atOnce} at a time`,
    run: async (seconds) => {
      const ends = performance.now() + seconds * 1_000
      let checked = 0
      const lane = async () => {
        for (; performance.now() < ends; checked++) await hasher.verify(stored, PASSWORD)
      }
      await Promise.all(Array.from({ length: atOnce }, lane))
      return Math.round(checked / seconds)
    },
    stop: () => {},
  }
}
