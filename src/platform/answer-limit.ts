/** How long an answer may take whose server ends the statement after that time: a frozen one enforces no timeout of its own. */
export const answerMsFor = (statementTimeoutMs: number) => statementTimeoutMs + 500

/** In the driver's words, so that it is recognised like every other answer that does not come. */
export const noAnswer = () => new Error('Query read timeout')

/** The server may be working on it still, or be frozen: nothing else on this connection would be answered either. */
export function isUnanswered(error: unknown): boolean {
  return error instanceof Error && error.message === 'Query read timeout'
}

/**
 * Stops waiting after `ms`; what was waited for goes on. What has come while we were busy ourselves is looked at first: a long
 * turn of this process is no silence of the other.
 */
export async function within<T>(ms: number, work: Promise<T>, error: () => Error = noAnswer): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => setImmediate(() => reject(error())), ms)
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

const PASSING_MS = 300

/** For what is good to have done but has no say in the answer: not waited for when it takes long, no failure when it fails. */
export async function inPassing(work: Promise<unknown>): Promise<void> {
  await within(PASSING_MS, work).catch(() => {})
}
