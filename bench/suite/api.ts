import type { ProcessContext } from '../../src/platform/context.ts'
import { type ServerProcess, startProcess } from '../../test/support/process.ts'
import { startOwnRedis } from '../../test/support/redis-server.ts'
import { SECRET } from '../support.ts'

/** Counted, but never reached. */
export const UNREACHED_LIMITS = Object.fromEntries(
  ['USER', 'ADDRESS', 'LOGIN_ACCOUNT', 'LOGIN_ADDRESS'].map((name) => [`RATE_LIMIT_${name}`, '100000000/60']),
)

export interface Api {
  api: ServerProcess
  hasRedis: boolean
  stop(): Promise<void>
}

/** The API as an operator runs it, with a Redis if there is one on this machine. */
export async function startApi(ctx: ProcessContext): Promise<Api> {
  const redis = await startOwnRedis().catch(() => undefined)
  const env = { DATABASE_URL: ctx.config.databaseUrl ?? '', JWT_SECRET_KEY: SECRET, LOG_LEVEL: 'warn' }
  const settings = { ...env, ...UNREACHED_LIMITS, ...(redis ? { REDIS_URL: redis.url } : {}) }
  const api = await startProcess(['serve'], settings, { detached: true })
  process.once('exit', () => api.kill('SIGKILL'))
  await api.wrote(/Tasklog is ready/, 60_000)
  const stop = async () => {
    api.kill('SIGKILL')
    await Promise.all([api.ended(), redis?.stop()])
  }
  return { api, hasRedis: redis !== undefined, stop }
}
