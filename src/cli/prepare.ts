import cluster from 'node:cluster'
import { type AuthService, listDemoUsers } from '../auth/index.ts'
import { maintainPartitions } from '../history/index.ts'
import { jobs } from '../jobs.ts'
import { ConfigError } from '../platform/config.ts'
import type { Context, ProcessContext } from '../platform/context.ts'
import { AppError, fromDatabaseError } from '../platform/errors.ts'
import { isSchemaCurrent, migrate } from '../platform/migrate.ts'
import { migrateQueue } from '../platform/queue.ts'

/**
 * Brings the database to what this code needs. The queue first: other processes go on as soon as the schema is current.
 *
 * @returns the migrations applied
 */
export async function migrateAll(ctx: ProcessContext, databaseUrl: string): Promise<string[]> {
  await migrateQueue(ctx.db, databaseUrl, jobs)
  const applied = await migrate(ctx.db)
  await maintainPartitions(ctx)
  return applied
}

/**
 * Waits for a database that answers and is migrated (migrating it if so configured), for as long as it takes: a server
 * that starts before its database is not an error. Being told to stop ends the wait.
 */
export async function waitForDatabase(ctx: ProcessContext, databaseUrl: string): Promise<void> {
  let told = cluster.isWorker // the main process says it
  while (!ctx.stopping.signal.aborted) {
    try {
      if (ctx.config.migrateOnStart) await migrateAll(ctx, databaseUrl)
      if (await isSchemaCurrent(ctx.db)) return
      if (!told) ctx.log.warn('the database is not migrated yet; waiting for `migrate`')
    } catch (error) {
      if (fromDatabaseError(error)?.status !== 503) throw error
      if (!told) ctx.log.warn({ err: error }, 'the database does not answer yet; waiting')
    }
    told = true
    await new Promise((resolve) => setTimeout(resolve, 1_000))
  }
}

/** What is done once, however many processes there will be; it ends early when the process is told to. */
export async function prepare(ctx: ProcessContext, auth: AuthService, databaseUrl: string): Promise<void> {
  await waitForDatabase(ctx, databaseUrl)
  if (ctx.stopping.signal.aborted) return
  await refuseDemoUsers(ctx)
  await createFirstAdministrator(ctx, auth)
  if (ctx.config.demonstration) {
    const { makeDemonstration } = await import('../../dev/demonstration.ts')
    await makeDemonstration(ctx, auth)
  }
}

/** ADMIN_USERNAME and ADMIN_PASSWORD make a first administrator; an account that is there already is left alone. */
async function createFirstAdministrator(ctx: Context, auth: AuthService): Promise<void> {
  const { adminUsername, adminPassword } = ctx.config
  if (!adminUsername || !adminPassword) return
  try {
    const user = await auth.createUser({ username: adminUsername, password: adminPassword }, 'admin')
    ctx.log.info({ username: user.username }, 'first administrator created')
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    if (error.code === 'USERNAME_TAKEN') return
    if (error.code !== 'INVALID_REQUEST') throw error
    const [{ pointer } = { pointer: '' }] = error.options.errors ?? []
    const setting = pointer === '/username' ? 'ADMIN_USERNAME' : 'ADMIN_PASSWORD'
    throw new ConfigError(`${setting} is refused: ${error.message}.`)
  }
}

/** A database that began as a demonstration must not go into production with its published passwords. */
async function refuseDemoUsers(ctx: Context): Promise<void> {
  if (!ctx.config.production) return
  const names = await listDemoUsers(ctx.db)
  if (names.length > 0) {
    throw new ConfigError(
      `This database holds demonstration users whose passwords are published (${names.join(', ')}). ` +
        'Give each a new one with `admin reset-password`, disable it, or use another database.',
    )
  }
}
