import { answerMsFor } from './answer-limit.ts'
import { type Connection, Database, type DatabaseOptions, type Queryable, type Statement } from './db.ts'
import type { Logger } from './logger.ts'
import * as queries from './replica-queries.ts'
import { sqlState } from './sql-state.ts'
import { TurnBatch } from './turn-batch.ts'

const LOOK_MS = 500
/** Further behind than this it is not read, whoever asks. */
const MAX_LAG_MS = 10_000
/** Whoever waits in vain for the replica still has time for the primary. */
const CONNECT_MS = 500
const STATEMENT_MS = 1_500
/** What the primary has for it when the replica has used up the rest. */
const LEAST_MS = 500

/**
 * A streaming replica of the database for reads that may be a little behind. It is looked at twice a second; what it had
 * replayed then it has still. It is read for somebody when that holds all they have written themselves, else, or when it is
 * away or far behind, the primary is.
 */
export class Replica {
  readonly #primary: Database
  readonly #standby: Database
  readonly #log: Logger
  /** A statement takes at most so long, wherever it is asked. */
  readonly #answerMs: number
  readonly #marks: TurnBatch<number, void>
  /** Where the primary's log ended, and when: what the replica has not come to yet. */
  #ahead: { lsn: bigint; at: number }[] = []
  /** How far it has come; undefined while it is not to be read. */
  #replayed: string | undefined
  #timer: NodeJS.Timeout | undefined
  #isAway = false
  #isClosed = false

  /** @param options those of the primary, with the replica's `url` */
  constructor(primary: Database, options: DatabaseOptions) {
    this.#primary = primary
    this.#answerMs = answerMsFor(options.statementTimeoutMs)
    this.#marks = new TurnBatch((readers) => queries.markCommitted(primary, [...readers.keys()]))
    this.#log = options.log
    const statementTimeoutMs = Math.min(options.statementTimeoutMs, STATEMENT_MS)
    this.#standby = new Database({ ...options, statementTimeoutMs, connectTimeoutMs: CONNECT_MS })
  }

  get isUsable(): boolean {
    return this.#replayed !== undefined
  }

  /** For how long the replica has not been where the primary was. */
  get lagSeconds(): number {
    const [oldest] = this.#ahead
    return oldest ? (Date.now() - oldest.at) / 1_000 : 0
  }

  /** The replica, or undefined when the primary has to be asked. The first call begins to look after it. */
  async standbyFor(reader: number): Promise<Database | undefined> {
    this.#timer ??= setTimeout(() => this.#look(), 0)
    const replayed = this.#replayed
    if (replayed === undefined) return undefined
    return (await queries.isPast(this.#primary, reader, replayed)) ? this.#standby : undefined
  }

  /** The replica for single statements. One that fails there, also when replay stands in its way, runs on the primary. */
  async readerFor(reader: number): Promise<Queryable> {
    const standby = await this.standbyFor(reader)
    if (!standby) return this.#primary
    return {
      query: <Row>(statement: Statement) => {
        const began = performance.now()
        return standby.query<Row>(statement).catch((error) => {
          this.noteFailure(error)
          const left = this.#answerMs - (performance.now() - began)
          return this.#primary.query<Row>({ ...statement, answerMs: Math.max(left, LEAST_MS) })
        })
      },
    }
  }

  /** Whether it is known to have come so far. */
  hasReplayed(lsn: string): boolean {
    return this.#replayed !== undefined && numberOf(this.#replayed) >= numberOf(lsn)
  }

  /** A replica that does not answer is left alone until it is looked at again, so that one request waits and not all. */
  noteFailure(error: unknown): void {
    const state = sqlState(error)
    if (state === '' || /^(?:08|53|57P|58)/.test(state)) this.#replayed = undefined
  }

  /** Notes, before a write is answered, that the readers are not shown a state before it. */
  async noteWrite(...readers: number[]): Promise<void> {
    await Promise.all(readers.map((reader) => this.#marks.join(reader)))
  }

  /** The same for a transaction that nobody waits for: it never is visible without its mark, whatever is killed. */
  async bulkTransactionOf<T>(reader: number, work: (tx: Connection) => Promise<T>): Promise<T> {
    const result = await this.#primary.bulkTransaction(async (tx) => {
      const done = await work(tx)
      await queries.markCommitting(tx, reader)
      return done
    })
    await this.noteWrite(reader).catch(() => {}) // until the next write the primary is read, which is never wrong
    return result
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#standby.close()
  }

  async #look(): Promise<void> {
    try {
      await this.compare()
      if (this.#isAway) this.#log.info('the read replica is used again')
      this.#isAway = false
    } catch (error) {
      this.#replayed = undefined
      if (!this.#isAway && !this.#isClosed) this.#log.warn({ err: error }, 'the read replica is not used')
      this.#isAway = true
    }
    if (!this.#isClosed) this.#timer = setTimeout(() => this.#look(), LOOK_MS).unref()
  }

  /** Looks how far it has come. @throws Error why it cannot be read */
  async compare(): Promise<void> {
    const at = Date.now()
    const end = numberOf(await queries.readPrimaryPosition(this.#primary.probe))
    this.#noteEnd(end, at)
    const replayed = await queries.readReplayPosition(this.#standby.probe)
    if (replayed === undefined) throw new Error('it is no standby')
    const come = numberOf(replayed)
    this.#ahead = this.#ahead.filter(({ lsn }) => lsn > come)
    if (this.lagSeconds * 1_000 > MAX_LAG_MS) throw new Error(`it is ${Math.round(this.lagSeconds)} s behind`)
    this.#replayed = replayed
  }

  /** Of what is older than matters the first time and the last place are kept, however long the replica is away. */
  #noteEnd(lsn: bigint, at: number): void {
    if (this.#ahead.at(-1)?.lsn !== lsn) this.#ahead.push({ lsn, at })
    const old = this.#ahead.findLastIndex((end) => end.at < at - 2 * MAX_LAG_MS)
    const [first, last] = [this.#ahead[0], this.#ahead[old]]
    if (first && last) this.#ahead.splice(0, old + 1, { lsn: last.lsn, at: first.at })
  }
}

/** A position in the log as PostgreSQL writes it, `16/B374D848`. */
function numberOf(lsn: string): bigint {
  const [high = '0', low = '0'] = lsn.split('/')
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`)
}
