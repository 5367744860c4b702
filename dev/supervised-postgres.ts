import {
  type EmbeddedOptions,
  type EmbeddedPostgres,
  findRunningEmbeddedPostgres,
  startEmbeddedPostgres,
} from './embedded-postgres.ts'

const LOOK_MS = 1_000

/**
 * As `startEmbeddedPostgres`; and where somebody else ends the server (short of memory, say) it is started again, on the same
 * port, so that whoever is connected to it goes on.
 */
export async function superviseEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const first = await startEmbeddedPostgres(options)
  const { dataDir, port } = first
  let running = first
  let looking: Promise<void> | undefined
  const look = async () => {
    try {
      if (await findRunningEmbeddedPostgres(dataDir)) return
      options.log?.('The embedded PostgreSQL has ended; it is started again.')
      await running.stop() // gives the folder back
      running = await startEmbeddedPostgres({ ...options, dataDir, port })
    } catch (error) {
      options.log?.((error as Error).message) // and tried again
    }
  }
  const timer = setInterval(() => {
    looking ??= look().finally(() => {
      looking = undefined
    })
  }, LOOK_MS).unref()
  const stop: EmbeddedPostgres['stop'] = async (mode) => {
    clearInterval(timer)
    await looking
    await running.stop(mode)
  }
  return { ...first, stop }
}
