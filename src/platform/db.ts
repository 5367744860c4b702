import pg from 'pg'
import { from as copyFromStream } from 'pg-copy-streams'
import { answerMsFor, isUnanswered } from './answer-limit.ts'
import { ask } from './ask.ts'
import { pour } from './copy.ts'
import type { Logger } from './logger.ts'
import { Pipeline } from './pipeline.ts'
import { isRetryable, sqlState } from './sql-state.ts'

/** A statement with a name is prepared once per connection. */
export interface Statement {
  /** How long the answer may take, when not as long as any. */
  answerMs?: number
  name?: string
  text: string
  values?: unknown[]
  /** A read that takes about a millisecond whatever it is asked: it shares a connection with others of its kind. */
  quick?: boolean
}

export interface Result<Row> {
  rows: Row[]
  rowCount: number | null
}

/** What a statement runs on: the pool, or the connection of a transaction. */
export interface Queryable {
  query<Row = Record<string, unknown>>(statement: Statement): Promise<Result<Row>>
}

/**
 * What a use case works on: the database, or one transaction of it in its place. The use case cannot tell them apart:
 * within a transaction, `transaction` is a savepoint.
 */
export interface Db extends Queryable {
  transaction<T>(work: (tx: Db) => Promise<T>): Promise<T>
  bulkTransaction<T>(work: (tx: Connection) => Promise<T>, answerWithinMs?: number): Promise<T>
}

/** The connection of a transaction. */
export interface Connection extends Db {
  /** A `COPY … FROM STDIN`; returns when the database has taken everything. */
  copyFrom(sql: string, source: AsyncIterable<Buffer>): Promise<void>
  /** How long each answer may take from here on, beyond the limits of the pool. */
  answerWithinMs: number | undefined
}

export interface DatabaseOptions {
  url: string
  poolSize: number
  /** Also bounds how long a request waits for a connection or for an answer that never comes. */
  statementTimeoutMs: number
  /** How long a connection is waited for; what fits each pool when left out. */
  connectTimeoutMs?: number
  applicationName: string
  log: Logger
}

const MAX_ATTEMPTS = 4
/** Six uploads, three exports, and what is left for jobs. */
const BULK_CONNECTIONS = 12
const ASK_AGAIN_WITHIN_MS = 500
const PROBE_MS = 1_000
/** How long a request waits for one of the pool's connections, so that it is told within two seconds that all are taken. */
const MOST_WAIT_MS = 1_900
/** How long a connection that nobody uses is kept; 0 is for ever. */
const IDLE_MS = { requests: 30_000, bulk: 1_000, probe: 0 }

/**
 * The statements of requests are written for one plan each, whatever their values: planned once for each connection, not
 * again for each value (which takes milliseconds over dozens of partitions). On today's disks a random page costs little
 * more than the next one. One process reads for each: a search of the past is answered in the order it is read in, which
 * several do not keep, and whoever else asks has the other processors.
 */
const PLANS = '-c plan_cache_mode=force_generic_plan -c random_page_cost=1.1 -c max_parallel_workers_per_gather=0'

pg.types.setTypeParser(pg.types.builtins.INT8, Number) // identities stay far below 2^53
pg.types.setTypeParser(pg.types.builtins.DATE, (text) => text) // a calendar day has no time zone

/** The connection pool. Its defaults differ from the driver's where those would hang or end the process. */
export class Database implements Db {
  readonly pool: pg.Pool
  /** For uploads, imports and exports: few connections, no time limits. Requests keep theirs whatever is loaded. */
  readonly #bulk: pg.Pool
  /** Health has a connection of its own, and keeps it: where all are taken, that is busy and not broken. */
  readonly #probe: pg.Pool
  /** For single statements that are quick. */
  readonly #pipeline: Pipeline
  readonly #answerMs: number

  constructor(options: DatabaseOptions) {
    this.pool = createPool(options, options.poolSize)
    this.#answerMs = answerMsFor(options.statementTimeoutMs)
    this.#pipeline = new Pipeline(connectionConfig(options), this.#answerMs)
    this.#bulk = createPool(options, BULK_CONNECTIONS, 'bulk')
    this.#probe = createPool({ ...options, statementTimeoutMs: PROBE_MS }, 1, 'probe')
  }

  query<Row = Record<string, unknown>>(statement: Statement): Promise<Result<Row>> {
    return retrying(() => this.#send(statement)) as unknown as Promise<Result<Row>>
  }

  /** A quick statement only reads: when the connection it shares is lost, another one is asked, if there is time left. */
  async #send(statement: Statement): Promise<Result<unknown>> {
    const began = performance.now()
    const alone = () =>
      withConnection(this.pool, (client) => ask(client, statement, statement.answerMs ?? this.#answerMs))
    const shared = statement.quick ? this.#pipeline.query(statement) : undefined
    if (!shared) return alone()
    try {
      return await shared
    } catch (error) {
      if (!isOfConnection(error) || performance.now() - began > ASK_AGAIN_WITHIN_MS) throw error
      return alone()
    }
  }

  /**
   * Runs `work` in one transaction: all of it or nothing. A serialization failure or deadlock rolls back and runs
   * `work` again, so it must have no effect outside the database.
   */
  transaction<T>(work: (tx: Db) => Promise<T>): Promise<T> {
    return retrying(() => withConnection(this.pool, (client) => inTransaction(client, work, this.#answerMs)))
  }

  /** The same for long work over many rows; it may COPY. Not run again: a stream can be read once. */
  bulkTransaction<T>(work: (tx: Connection) => Promise<T>, answerWithinMs?: number): Promise<T> {
    return withConnection(this.#bulk, (client) => inTransaction(client, work, answerWithinMs))
  }

  /** One connection without a time limit and outside of any transaction, for what belongs to a connection: locks. */
  session<T>(work: (session: Queryable) => Promise<T>): Promise<T> {
    return withConnection(this.#bulk, (client) => work(client as unknown as Queryable))
  }

  /** How many connections are open for quick statements. */
  get sharedConnections(): number {
    return this.#pipeline.size
  }

  /** For health checks: a statement here does not wait for the pool. Throws when there is no answer in a second. */
  get probe(): Queryable {
    const answerMs = answerMsFor(PROBE_MS)
    const query = (statement: Statement) => withConnection(this.#probe, (client) => ask(client, statement, answerMs))
    return { query } as Queryable
  }

  async close(): Promise<void> {
    await Promise.all([this.pool.end(), this.#bulk.end(), this.#probe.end(), this.#pipeline.close()])
  }
}

function connectionConfig(options: DatabaseOptions, bulk = false): pg.ClientConfig {
  const timeout = options.statementTimeoutMs
  const limits = {
    statement_timeout: timeout,
    lock_timeout: Math.ceil(timeout * 0.75),
  }
  return {
    connectionString: options.url,
    application_name: options.applicationName,
    connectionTimeoutMillis: options.connectTimeoutMs ?? (bulk ? 30_000 : Math.min(timeout, MOST_WAIT_MS)),
    keepAlive: true,
    idle_in_transaction_session_timeout: 60_000,
    options: `-c TimeZone=UTC -c jit=off ${bulk ? '' : PLANS}`,
    ...(bulk ? {} : limits),
  }
}

function createPool(options: DatabaseOptions, max: number, use: keyof typeof IDLE_MS = 'requests'): pg.Pool {
  const config = connectionConfig(options, use === 'bulk')
  const pool = new pg.Pool({ ...config, max, idleTimeoutMillis: IDLE_MS[use] })
  pool.on('error', (error) => options.log.warn({ err: error }, 'database connection lost'))
  // A connection that breaks while it is lent out raises this on the client, which without a listener ends the process.
  pool.on('connect', (client) => client.on('error', () => {}))
  return pool
}

/** Lends one connection; it is thrown away when `work` fails in a way that leaves its state unknown. */
async function withConnection<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  let failure: Error | undefined
  try {
    return await work(client)
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error))
    throw error
  } finally {
    const isKnown = !failure || sqlState(failure) !== '' || failure.name === 'AppError'
    client.release(isKnown ? undefined : failure)
  }
}

/** Class 57P0 is the server ending the session; 26000 says that what was to prepare the statement, right before, failed. */
const OF_CONNECTION = /^(?:|57P0.|26000)$/

/** Whether it says nothing of the statement itself. */
function isOfConnection(error: unknown): boolean {
  return OF_CONNECTION.test(sqlState(error)) && !isUnanswered(error)
}

async function retrying<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (attempt === MAX_ATTEMPTS || !isRetryable(error)) throw error
      await new Promise((resolve) => setTimeout(resolve, 10 * attempt + Math.random() * 20))
    }
  }
}

async function inTransaction<T>(
  client: pg.PoolClient,
  work: (tx: Connection) => Promise<T>,
  answerWithinMs?: number,
): Promise<T> {
  const tx = new Transaction(client, answerWithinMs)
  await tx.run('begin')
  try {
    const result = await work(tx)
    if (tx.mustRunAgain) throw tx.mustRunAgain
    const { command } = await tx.run('commit')
    // What PostgreSQL answers, without an error, when a statement failed before and nobody noticed.
    if (command !== 'COMMIT') throw new Error('a failed transaction was to be committed')
    return result
  } catch (error) {
    await tx.rollBack('rollback', error)
    throw tx.mustRunAgain ?? error
  }
}

/** One transaction in the place of the database. A part of it is never run again by itself: the whole is. */
class Transaction implements Connection {
  /** A serialization failure or deadlock of any statement, also one that the work has caught or translated. */
  mustRunAgain: Error | undefined
  answerWithinMs: number | undefined
  readonly #client: pg.PoolClient
  #savepoints = 0

  constructor(client: pg.PoolClient, answerWithinMs: number | undefined) {
    this.#client = client
    this.answerWithinMs = answerWithinMs
  }

  run(text: string): Promise<pg.QueryResult> {
    return this.#send({ text })
  }

  /**
   * When this fails, its error is the one to tell: the connection cannot be used again. One that does not answer would
   * not answer this either; it is thrown away as well, and its transaction with it.
   */
  async rollBack(text: string, cause: unknown): Promise<void> {
    if (!isUnanswered(cause)) await this.run(text)
  }

  async query<Row = Record<string, unknown>>(statement: Statement): Promise<Result<Row>> {
    try {
      return (await this.#send(statement)) as unknown as Result<Row>
    } catch (error) {
      if (isRetryable(error)) this.mustRunAgain ??= error as Error
      throw error
    }
  }

  async transaction<T>(work: (tx: Connection) => Promise<T>): Promise<T> {
    const name = `part_${++this.#savepoints}`
    await this.run(`savepoint ${name}`)
    try {
      const result = await work(this)
      await this.run(`release savepoint ${name}`)
      return result
    } catch (error) {
      await this.rollBack(`rollback to savepoint ${name}`, error)
      throw error
    }
  }

  bulkTransaction<T>(work: (tx: Connection) => Promise<T>): Promise<T> {
    return this.transaction(work)
  }

  copyFrom(sql: string, source: AsyncIterable<Buffer>): Promise<void> {
    return pour(source, this.#client.query(copyFromStream(sql)), this.answerWithinMs)
  }

  #send(statement: Statement): Promise<pg.QueryResult> {
    return ask(this.#client, statement, this.answerWithinMs)
  }
}
