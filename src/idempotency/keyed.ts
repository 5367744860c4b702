import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../platform/context.ts'
import type { Db } from '../platform/db.ts'
import type { AppError } from '../platform/errors.ts'
import { type Answer, type AnswerText, replayed, sendText, toText } from './answer.ts'
import { RequestKey } from './request-key.ts'

/** Commits what was done, keeps no answer and throws: for the rare refusal that is an effect (a reused refresh token). */
interface Refusal {
  refused: AppError
}

interface Options<Prepared> {
  /** Whose key it is on a route without a login, from what the request names: `login anna`. */
  owner?: string
  /** Slow work without effect, such as hashing a password: done before the transaction, so that no connection waits. */
  prepare?: () => Promise<Prepared>
  /** `prepare` is how the caller proves who they are, so it comes before a replay as well. */
  proves?: boolean
  /** Asked before a replay; false runs the work as if nothing were kept. */
  isReplayable?: (db: Db) => Promise<boolean>
}

/**
 * The handler of every POST: with an `Idempotency-Key` its effect happens once, and the same request again gets the same
 * answer, byte for byte.
 *
 *     handler: (request, reply) =>
 *       keyed(ctx, request, reply, async (ctx) => {
 *         const task = await createTask(ctx, request.actor, request.body)
 *         return { status: 201, headers: { location: `/api/v1/tasks/${task.id}` }, body: task.json }
 *       }),
 *
 * - The inner `ctx` shadows the outer one on purpose. Its `db` is one transaction that also holds the key and the answer:
 *   what asks another connection is not undone with it, and may wait for one that never comes.
 * - Answer with a plain object and never touch `reply`: it is sent after the commit. Throw errors as everywhere; nothing is
 *   kept then, and the key is free again.
 * - The work may run more than once (after a deadlock), so it has no effect outside of `ctx.db`.
 * - The API document gets header and errors from `documentKeys`; the route declares nothing. Without the header the work
 *   runs on the outer `ctx`, with no transaction added.
 */
export async function keyed<Prepared = undefined>(
  ctx: Context,
  request: FastifyRequest,
  reply: FastifyReply,
  work: (ctx: Context, prepared: Prepared) => Promise<Answer | Refusal>,
  options: Options<Prepared> = {},
): Promise<void> {
  const key = RequestKey.of(ctx.config, request, options.owner)
  const answer = key
    ? await answerOnce(ctx, key, bodyDigest(request), reply, work, options)
    : answered(reply, await work(ctx, await prepared(options)))
  if ('refused' in answer) throw answer.refused
  return sendText(reply, answer)
}

async function answerOnce<Prepared>(
  ctx: Context,
  key: RequestKey,
  digest: Uint8Array,
  reply: FastifyReply,
  work: (ctx: Context, prepared: Prepared) => Promise<Answer | Refusal>,
  options: Options<Prepared>,
): Promise<AnswerText | Refusal> {
  const replay = async (db: Db, kept: Awaited<ReturnType<typeof key.find>>) => {
    const answer = kept && key.open(kept, digest)
    return answer && (await (options.isReplayable?.(db) ?? true)) ? replayed(answer) : undefined
  }
  // A replay needs nothing prepared; and what was to be proved (the old password) may no longer be so.
  if (options.prepare && !options.proves) {
    const answer = await replay(ctx.db, await key.find(ctx.db))
    if (answer) return answer
  }
  const ready = await prepared(options)
  return ctx.db.transaction(async (tx) => {
    const earlier = await replay(tx, await key.claim(tx))
    if (earlier) return earlier
    const answer = answered(reply, await work({ ...ctx, db: tx }, ready))
    if (!('refused' in answer)) await key.keep(tx, digest, answer)
    return answer
  })
}

/** Undefined is what `Prepared` is for work that needs nothing prepared. */
async function prepared<Prepared>({ prepare }: Options<Prepared>): Promise<Prepared> {
  return (await prepare?.()) as Prepared
}

function answered(reply: FastifyReply, answer: Answer | Refusal): AnswerText | Refusal {
  return 'refused' in answer ? answer : toText(reply, answer)
}

function bodyDigest({ bodyBytes }: FastifyRequest): Uint8Array {
  return createHash('sha256')
    .update(bodyBytes ?? '')
    .digest()
}
