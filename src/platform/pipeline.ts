import pg from 'pg'
import { isUnanswered } from './answer-limit.ts'
import { ask } from './ask.ts'
import type { Result, Statement } from './db.ts'

/** More than one, so that a statement that takes its time has others go past it. */
const LINES = 2
/** Requests beyond that wait for a connection of the pool, which answers 503 when there is none in time. */
const MAX_UNDER_WAY = 64
/** Nothing is sent behind a statement that has not been answered for this long. */
const STALLED_MS = 25

/**
 * A few connections that all requests share for short statements. Each is sent without waiting for the answers to those
 * before, and what comes up in one turn of the event loop leaves in one write: most of what a short statement costs this
 * process is the write. Answers come in the order of the statements, so a slow one holds up those right behind it.
 */
export class Pipeline {
  readonly #lines: Line[]

  /** @param answerMs how long an answer may take */
  constructor(config: pg.ClientConfig, answerMs: number) {
    this.#lines = Array.from({ length: LINES }, () => new Line(config, answerMs))
  }

  /** Connections that are open. */
  get size(): number {
    return this.#lines.filter((line) => line.isOpen).length
  }

  /** Undefined when no connection is open or each is busy or stalled. Those that are not open are opened, for later. */
  query(statement: Statement): Promise<Result<unknown>> | undefined {
    const now = performance.now()
    let free: Line | undefined
    for (const line of this.#lines) {
      if (!line.isOpen) line.open()
      else if (line.underWay < (free?.underWay ?? MAX_UNDER_WAY) && !line.isStalled(now)) free = line
    }
    return free?.query(statement, now)
  }

  async close(): Promise<void> {
    await Promise.all(this.#lines.map((line) => line.close()))
  }
}

/** A place for one connection; a lost one is replaced. */
class Line {
  readonly #config: pg.ClientConfig
  readonly #answerMs: number
  #connection: Connection | undefined
  #opening: Promise<void> | undefined
  #isClosed = false
  /** When each statement that is not answered was sent, the oldest first. */
  readonly #sent: number[] = []

  constructor(config: pg.ClientConfig, answerMs: number) {
    this.#config = config
    this.#answerMs = answerMs
  }

  get isOpen(): boolean {
    return this.#connection !== undefined
  }

  get underWay(): number {
    return this.#sent.length
  }

  isStalled(now: number): boolean {
    const [oldest = now] = this.#sent
    return now - oldest > STALLED_MS
  }

  async query(statement: Statement, now: number): Promise<Result<unknown>> {
    const connection = this.#connection as Connection
    this.#sent.push(now)
    try {
      return await connection.query(statement, statement.answerMs ?? this.#answerMs)
    } catch (error) {
      if (isUnanswered(error)) connection.end() // nothing behind it would be answered either
      throw error
    } finally {
      this.#sent.shift()
    }
  }

  /** In the background. Whoever asks meanwhile uses the pool, which also tells what is wrong when there is no database. */
  open(): void {
    if (this.#isClosed) return
    this.#opening ??= this.#connect()
      .catch(() => {})
      .finally(() => {
        this.#opening = undefined
      })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#opening
    await this.#connection?.client.end()
  }

  async #connect(): Promise<void> {
    const connection = new Connection(this.#config)
    const forget = () => {
      if (this.#connection === connection) this.#connection = undefined
    }
    // Also raised when it breaks while statements are under way; they fail by themselves.
    connection.client.on('error', forget).on('end', forget)
    await connection.client.connect()
    this.#connection = connection
  }
}

class Connection {
  readonly client: pg.Client
  #isHeldBack = false

  constructor(config: pg.ClientConfig) {
    this.client = new pg.Client({ ...config, pipeline: true })
  }

  query(statement: Statement, answerMs: number): Promise<Result<unknown>> {
    if (!this.#isHeldBack) this.#holdBack()
    return ask(this.client, statement, answerMs)
  }

  end(): void {
    this.client.connection.stream.destroy()
  }

  /** Until the end of this turn of the event loop. */
  #holdBack(): void {
    this.#isHeldBack = true
    // Of TLS as well: each write of its own would be a record of its own.
    const { stream } = this.client.connection
    stream.cork()
    setImmediate(() => {
      this.#isHeldBack = false
      stream.uncork()
    })
  }
}
