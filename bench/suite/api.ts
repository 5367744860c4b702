import path from 'node:path'
import type { ProcessContext } from '../../src/platform/context.ts'
import type { ServerProcess } from '../../test/support/process.ts'
import { startOwnRedis } from '../../test/support/redis-server.ts'
import { SECRET } from '../support.ts'

/** Counted, but never reached. */
export const UNREACHED_LIMITS = Object.fromEntries(
  ['USER', 'ADDRESS', 'LOGIN_ACCOUNT', 'LOGIN_ADDRESS'].map((name) => [`RATE_LIMIT_${name}`, '100000000/60']),
)

export interface Api {
  api: ServerProcess
  /** Undefined where there is no Redis. */
  redisPid: number | undefined
  stop(): Promise<void>
}

const ROOT = path.resolve(import.meta.dirname, '../..')

/**
 * The API as an operator runs it, with a Redis if there is one on this machine.
 *
 * @param folder of the checkout that runs
 * @param profile where it writes a CPU profile when it is stopped
 * @param options of Node, beside those of this process
 * @param processes how many of them answer
 */
export async function startApi(
  ctx: ProcessContext,
  { folder = ROOT, profile = '', options = '', processes = 1 } = {},
): Promise<Api> {
  const { startProcess } = await import(path.join(folder, 'test/support/process.ts'))
  const redis = await startOwnRedis().catch(() => undefined)
  const env = { DATABASE_URL: ctx.config.databaseUrl ?? '', JWT_SECRET_KEY: SECRET, LOG_LEVEL: 'warn' }
  const profiling = profile && `--cpu-prof --cpu-prof-dir=${profile}`
  const node = { NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} ${options} ${profiling}`.trim() }
  const settings = { ...env, ...UNREACHED_LIMITS, ...node, ...(redis ? { REDIS_URL: redis.url } : {}) }
  const command = ['serve', '--processes', String(processes)]
  const api: ServerProcess = await startProcess(command, settings, { detached: true })
  process.once('exit', () => api.kill('SIGKILL'))
  await api.wrote(/Tasklog is ready/, 60_000)
  const stop = async () => {
    api.kill(profile ? 'SIGTERM' : 'SIGKILL') // a profile is written at the end
    await api.ended()
    await redis?.stop()
  }
  const about = String(await redis?.command('INFO', 'server'))
  return { api, redisPid: redis && Number(/process_id:(\d+)/.exec(about)?.[1]), stop }
}
