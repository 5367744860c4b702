import { createClient } from 'redis'
import type { Logger } from './logger.ts'

export type Redis = ReturnType<typeof createRedis>

/** No request waits longer than this for Redis. */
const COMMAND_TIMEOUT_MS = 200

/**
 * A client that fails fast: commands are refused while the connection is away and given up after 200 ms, and the
 * connection is sought again in the background. Everything in Redis may vanish at any moment.
 */
export function createRedis(url: string, log: Logger) {
  const client = createClient({
    url,
    disableOfflineQueue: true,
    commandOptions: { timeout: COMMAND_TIMEOUT_MS },
    pingInterval: 5_000,
    socket: { connectTimeout: 1_000, reconnectStrategy: (retries) => Math.min(100 * 2 ** retries, 2_000) },
  })
  let down = false
  client.on('ready', () => {
    if (down) log.info('redis is back')
    down = false
  })
  client.on('error', (error) => {
    if (!down) log.warn({ err: error }, 'redis is away; limits hold per process and nothing is cached there')
    down = true
  })
  client.connect().catch(() => {}) // told by the error event, and tried again
  return client
}
