import type { FastifyInstance } from 'fastify'

/**
 * Stops taking connections, lets requests in flight finish and closes idle connections as they fall idle; whatever is
 * left at the deadline is cut. Fastify's own close either waits for keep-alive clients or resets answers under way.
 */
export async function closeHttp(http: FastifyInstance, deadlineMs: number): Promise<void> {
  const idle = setInterval(() => http.server.closeIdleConnections(), 50)
  const deadline = setTimeout(() => http.server.closeAllConnections(), deadlineMs)
  try {
    await http.close()
  } finally {
    clearInterval(idle)
    clearTimeout(deadline)
  }
}
