import { jobs } from '../jobs.ts'
import { loadConfig } from '../platform/config.ts'
import { closeContext, createContext } from '../platform/context.ts'
import { waitForDatabase } from './prepare.ts'
import { openDatabase, settle } from './runtime.ts'
import { onStopSignal } from './signals.ts'

/**
 * Takes background jobs until a signal ends it. Any number of workers may run.
 *
 * @param options `processName` in one of several processes of a `serve`
 */
export async function work({ processName }: { processName?: string } = {}): Promise<void> {
  const config = loadConfig()
  const database = await openDatabase(config, true)
  const ctx = createContext(config, { databaseUrl: database.url, role: 'worker', processName })
  const signal = onStopSignal(ctx.stopping)
  try {
    await waitForDatabase(ctx, database.url)
    if (!ctx.stopping.signal.aborted) {
      await ctx.queue.work(ctx, jobs)
      settle()
      ctx.log.info('worker is ready')
    }
    await signal
  } finally {
    await closeContext(ctx, config.shutdownSeconds * 1_000)
    await database.stop()
  }
}
