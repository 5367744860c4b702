import type { FastifyInstance } from 'fastify'
import type { Context } from '../platform/context.ts'
import { EVERYBODY } from '../platform/replica-queries.ts'

const READS = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Where lists are read from a replica, nobody is shown a state before their own write, nor before a change of who may see
 * what: that is noted after the commit and before the answer. If it cannot be, the write is not acknowledged.
 */
export function noteOwnWrites(app: FastifyInstance, { replica }: Context): void {
  if (!replica) return
  app.addHook('onSend', async (request, reply, payload) => {
    const { actor, method, routeOptions } = request
    const isRefused = reply.statusCode >= 400 && reply.statusCode < 500
    if (!actor || READS.has(method) || isRefused) return payload
    const notes = [replica.noteWrite(actor.id)]
    if (routeOptions.config.changesAccess) notes.push(replica.noteWrite(EVERYBODY))
    const noted = await Promise.allSettled(notes)
    const failed = noted.find((note) => note.status === 'rejected')
    if (failed && reply.statusCode < 400) throw failed.reason
    return payload
  })
}
