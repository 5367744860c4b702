import { AuthService } from '../auth/index.ts'
import { loadConfig } from '../platform/config.ts'
import { closeContext, createContext } from '../platform/context.ts'
import { gatherMetrics } from '../platform/process-metrics.ts'
import { prepare } from './prepare.ts'
import { ProcessGroup } from './process-group.ts'
import { openDatabase, withSecret } from './runtime.ts'
import { announce, JOB_GRACE_MS } from './serve.ts'
import { onStopSignal } from './signals.ts'

/** What a process that has been told to end needs beyond the time for its requests and jobs. */
const GRACE_MS = JOB_GRACE_MS + 2_000

/**
 * Runs several processes for the API, and with `worker` one for the background jobs, until a signal ends them all. What is
 * done once (the embedded PostgreSQL, migrations, the first administrator) is done here.
 */
export async function serveWithProcesses(options: { worker: boolean; processes: number }): Promise<void> {
  const config = await withSecret(loadConfig())
  const database = await openDatabase(config, false)
  const own = { ...config, redisUrl: undefined, databaseReadUrl: undefined }
  const ctx = createContext(own, { databaseUrl: database.url, role: 'main', processName: 'main' })
  const group = new ProcessGroup(ctx.log, {
    DATABASE_URL: database.url,
    JWT_SECRET_KEY: config.jwtSecretKey ?? '',
    MIGRATE_ON_START: 'false',
  })
  const signal = onStopSignal(ctx.stopping)
  gatherMetrics()
  try {
    // Before the database is there: health can be asked from the first moment on.
    const address = await group.startFirst('api-1', ['serve'])
    if (!address) {
      process.exitCode = 1 // it has said why
      return
    }
    for (let n = 2; n <= options.processes; n++) group.start(`api-${n}`, ['serve'])
    await prepare(ctx, new AuthService(ctx), database.url)
    if (!ctx.stopping.signal.aborted) {
      group.prepared()
      if (options.worker) group.start('worker', ['worker'])
      announce(config, { ...address, family: address.addressType === 6 ? 'IPv6' : 'IPv4' })
    }
    await signal
  } finally {
    ctx.stopping.abort()
    await group.stop(config.shutdownSeconds * 1_000 + GRACE_MS)
    await closeContext(ctx)
    await database.stop()
    ctx.log.info('stopped')
  }
}
