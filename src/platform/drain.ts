import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'

/** As long a process that has been told to end goes on taking requests. */
const FAREWELL_MS = 500

/**
 * Lets requests in flight finish and closes idle connections as they fall idle; whatever is left at the deadline is cut.
 * Fastify's own close either waits for keep-alive clients or resets answers under way. A client that uses its connection
 * again and again hears from its next answer that it closes, and is not cut off with a request on its way.
 */
export async function closeHttp(http: FastifyInstance, deadlineMs: number): Promise<void> {
  const deadline = setTimeout(() => http.server.closeAllConnections(), deadlineMs)
  if (http.server.listening) await sleep(Math.min(FAREWELL_MS, deadlineMs / 2))
  const idle = setInterval(() => http.server.closeIdleConnections(), 50)
  try {
    await http.close()
  } finally {
    clearInterval(idle)
    clearTimeout(deadline)
  }
}
