import { loadConfig } from '../platform/config.ts'
import type { Context } from '../platform/context.ts'
import { isSchemaCurrent } from '../platform/migrate.ts'
import { reasonOf } from './reason.ts'
import { withContext } from './runtime.ts'

/** Looks at everything the server needs and says what is wrong, one line each. Exit code 1 when something is. */
export async function doctor(): Promise<void> {
  const config = loadConfig()
  report('settings', 'ok')
  await withContext({ ...config, logLevel: 'silent' }, 'doctor', async (ctx) => {
    report('database', await tried(async () => `ok (PostgreSQL ${await serverVersion(ctx)})`))
    report('migrations', await tried(async () => ((await isSchemaCurrent(ctx.db)) ? 'ok' : 'missing: run `migrate`')))
    report('replica', await tried(() => checkReplica(ctx)))
    report('redis', await tried(() => checkRedis(ctx)))
  })
}

async function serverVersion(ctx: Context): Promise<string> {
  const { rows } = await ctx.db.query<{ server_version: string }>({ text: 'show server_version' })
  return rows[0]?.server_version ?? 'unknown'
}

async function checkReplica({ replica }: Context): Promise<string> {
  if (!replica) return 'ok (not configured; the database is read)'
  await replica.compare()
  return 'ok'
}

async function checkRedis(ctx: Context): Promise<string> {
  if (!ctx.redis) return 'ok (not configured; limits are counted in each process)'
  if (!ctx.redis.isReady) await new Promise((resolve) => setTimeout(resolve, 1_000))
  await ctx.redis.ping()
  return 'ok'
}

async function tried(look: () => Promise<string>): Promise<string> {
  return look().catch((error) => `failed: ${reasonOf(error)}`)
}

function report(what: string, result: string): void {
  console.log(`${what.padEnd(12)}${result}`)
  if (!result.startsWith('ok')) process.exitCode = 1
}
