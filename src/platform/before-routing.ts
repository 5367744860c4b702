import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Context } from './context.ts'

export type Listener = (request: IncomingMessage, response: ServerResponse) => void

/**
 * Puts a question before routing, hooks and all that a request costs there. Who comes last is asked first.
 * Nobody is asked where each request is to be in the log, or to be told that the connection ends.
 *
 * @param take answers a request itself and says true, or leaves it to the others
 * @returns the way of all others, for a request that was taken and cannot be answered after all
 */
export function beforeRouting(
  server: Server,
  { log, stopping }: Context,
  take: (...request: Parameters<Listener>) => boolean,
): Listener {
  const others = server.listeners('request')[0] as Listener
  server.removeAllListeners('request')
  server.on('request', (request, response) => {
    const isToldMore = log.isLevelEnabled('debug') || stopping.signal.aborted
    if (isToldMore || !take(request, response)) others(request, response)
  })
  return others
}
