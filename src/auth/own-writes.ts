import type { FastifyInstance } from 'fastify'
import { answerMsFor, inPassing, within } from '../platform/answer-limit.ts'
import type { Context } from '../platform/context.ts'
import { EVERYBODY } from '../platform/replica-queries.ts'

/** For the note of a write that took its time. */
const LEAST_MS = 300
const READS = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Where lists are read from a replica, nobody is shown a state before their own write, nor before a change of who may see
 * what: that is noted after the commit and before the answer. If it cannot be, the write is not acknowledged.
 */
export function noteOwnWrites(app: FastifyInstance, { replica, config }: Context): void {
  if (!replica) return
  const answerMs = answerMsFor(config.statementTimeoutMs)
  app.addHook('onSend', async (request, reply, payload) => {
    const { actor, method, routeOptions } = request
    const isRefused = reply.statusCode >= 400 && reply.statusCode < 500
    if (!actor || READS.has(method) || isRefused) return payload
    const note = replica.noteWrite(actor.id, ...(routeOptions.config.changesAccess ? [EVERYBODY] : []))
    // What failed may have happened all the same; it is told of without waiting much longer.
    if (reply.statusCode >= 500) await inPassing(note)
    else await within(Math.max(answerMs - reply.elapsedTime, LEAST_MS), note)
    return payload
  })
}
