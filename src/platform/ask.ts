import pg, { type ClientBase, type QueryResult } from 'pg'
import { within } from './answer-limit.ts'
import type { Statement } from './db.ts'

/**
 * Sends a statement over one connection. The driver's own promise and time limit would each assign a closure to a property of
 * the query: V8 allocates such a closure among what is old, where it holds all that its request made until everything is
 * collected (measured: bench/survivors.ts).
 *
 * @param answerMs how long the answer may take; for ever when left out
 * @throws what the database says, or `noAnswer`: then nothing else can be sent over this connection
 */
export async function ask(client: ClientBase, statement: Statement, answerMs?: number): Promise<QueryResult> {
  const { promise, resolve, reject } = Promise.withResolvers<QueryResult>()
  client.query(toQuery(statement, (error, result) => (error ? reject(error) : resolve(result))))
  try {
    return await (answerMs === undefined ? promise : within(answerMs, promise))
  } catch (error) {
    // It was made where the answer was read; whoever asked is what one wants to know.
    if (error instanceof Error) Error.captureStackTrace(error)
    throw error
  }
}

/** Of anything else than its own queries the driver makes a copy first, property by property. */
function toQuery({ name, text, values }: Statement, callback: (error: Error | undefined, result: QueryResult) => void) {
  return Object.assign(new pg.Query(text, values, callback), { name })
}
