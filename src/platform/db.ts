import type { Writable } from 'node:stream'
import pg from 'pg'
import { from as copyFromStream } from 'pg-copy-streams'
import type { Logger } from './logger.ts'

/** A statement with a name is prepared once per connection. */
export interface Statement {
  name?: string
  text: string
  values?: unknown[]
}

export interface Result<Row> {
  rows: Row[]
  rowCount: number | null
}

/** What a statement runs on: the pool, or the connection of a transaction. */
export interface Queryable {
  query<Row = Record<string, unknown>>(statement: Statement): Promise<Result<Row>>
}

/** One connection, for work that needs the same one throughout. */
export interface Connection extends Queryable {
  /** The sink of a `COPY … FROM STDIN`; it ends when the database has taken everything. */
  copyFrom(sql: string): Writable
}

export interface DatabaseOptions {
  url: string
  poolSize: number
  /** Also bounds how long a request waits for a connection or for an answer that never comes. */
  statementTimeoutMs: number
  applicationName: string
  log: Logger
}

/** SQLSTATE 40001 serialization_failure and 40P01 deadlock_detected: nothing happened, so the same work may run again. */
const RETRYABLE = new Set(['40001', '40P01'])
const MAX_ATTEMPTS = 4
const BULK_CONNECTIONS = 8

pg.types.setTypeParser(pg.types.builtins.INT8, Number) // identities stay far below 2^53
pg.types.setTypeParser(pg.types.builtins.DATE, (text) => text) // a calendar day has no time zone

/** The connection pool. Its defaults differ from the driver's where those would hang or end the process. */
export class Database implements Queryable {
  readonly pool: pg.Pool
  /** For uploads and imports: few connections, no time limits. Requests keep theirs whatever is loaded. */
  readonly #bulk: pg.Pool
  /** Health has a connection of its own: a full pool is busy, not broken. */
  readonly #probe: pg.Pool

  constructor(options: DatabaseOptions) {
    this.pool = createPool(options, options.poolSize)
    this.#bulk = createPool(options, BULK_CONNECTIONS, true)
    this.#probe = createPool({ ...options, statementTimeoutMs: 1_000 }, 1)
  }

  query<Row = Record<string, unknown>>(statement: Statement): Promise<Result<Row>> {
    return this.pool.query(statement) as unknown as Promise<Result<Row>>
  }

  /**
   * Runs `work` in one transaction: all of it or nothing. A serialization failure or deadlock rolls back and runs
   * `work` again, so it must have no effect outside the database.
   */
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T> {
    return retrying(() => withConnection(this.pool, (connection) => inTransaction(connection, work)))
  }

  /** The same for long work over many rows; it may COPY. Not run again: a stream can be read once. */
  bulkTransaction<T>(work: (tx: Connection) => Promise<T>): Promise<T> {
    return withConnection(this.#bulk, (connection) => inTransaction(connection, work))
  }

  /** For health checks: a statement here does not wait for the pool. Throws when there is no answer in a second. */
  get probe(): Queryable {
    return this.#probe as unknown as Queryable
  }

  async close(): Promise<void> {
    await Promise.all([this.pool.end(), this.#bulk.end(), this.#probe.end()])
  }
}

function createPool(options: DatabaseOptions, max: number, bulk = false): pg.Pool {
  const timeout = options.statementTimeoutMs
  const limits = {
    statement_timeout: timeout,
    lock_timeout: Math.ceil(timeout * 0.75),
    // A frozen server enforces no timeout of its own.
    query_timeout: timeout + 500,
  }
  const pool = new pg.Pool({
    connectionString: options.url,
    max,
    application_name: options.applicationName,
    connectionTimeoutMillis: bulk ? 30_000 : Math.min(timeout, 2_000),
    idleTimeoutMillis: bulk ? 1_000 : 30_000,
    keepAlive: true,
    idle_in_transaction_session_timeout: 60_000,
    options: '-c TimeZone=UTC -c jit=off',
    ...(bulk ? {} : limits),
  })
  pool.on('error', (error) => options.log.warn({ err: error }, 'database connection lost'))
  // A connection that breaks while it is lent out raises this on the client, which without a listener ends the process.
  pool.on('connect', (client) => client.on('error', () => {}))
  return pool
}

/** Lends one connection; it is thrown away when `work` fails in a way that leaves its state unknown. */
async function withConnection<T>(pool: pg.Pool, work: (connection: Connection) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  let failure: Error | undefined
  try {
    return await work({
      query: <Row>(statement: Statement) => client.query(statement) as unknown as Promise<Result<Row>>,
      copyFrom: (sql) => client.query(copyFromStream(sql)),
    })
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error))
    throw error
  } finally {
    const isKnown = !failure || sqlState(failure) !== '' || failure.name === 'AppError'
    client.release(isKnown ? undefined : failure)
  }
}

async function retrying<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (attempt === MAX_ATTEMPTS || !RETRYABLE.has(sqlState(error))) throw error
      await new Promise((resolve) => setTimeout(resolve, 10 * attempt + Math.random() * 20))
    }
  }
}

async function inTransaction<T>(connection: Connection, work: (tx: Connection) => Promise<T>): Promise<T> {
  await connection.query({ text: 'begin' })
  try {
    const result = await work(connection)
    await connection.query({ text: 'commit' })
    return result
  } catch (error) {
    await connection.query({ text: 'rollback' }).catch(() => {}) // the connection may be what failed
    throw error
  }
}

/** The five-character SQLSTATE of a database error, or ''. */
export function sqlState(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : ''
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : ''
}
