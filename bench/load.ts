import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { percentile } from './statistics.ts'

const MAX_LATE_MS = 30_000

/**
 * A load generator as a process of its own: reads a plan as JSON from its input, prints the result as one line of JSON. It
 * writes HTTP/1.1 to sockets itself and reads no more of an answer than where it ends, so that it takes little of the
 * machine it shares with what is measured.
 */
export interface LoadPlan {
  /** `http://host:port` */
  base: string
  connections: number
  seconds: number
  /** Seconds of load before that, which count for nothing. */
  warmUp?: number
  /**
   * Requests a second, each at its time: latency is counted from when a request was due, so that a server that stalls
   * pays for all that had to wait (no coordinated omission). Left out: every connection sends when it has its answer.
   */
  rate?: number
  /** More is sent than can be answered: an answer that says so (429, 503) is no failure, and its time does not count. */
  pastCapacity?: boolean
  /** Each connection has one of them, in turn. */
  tokens: string[]
  /** Sent in this order, over and over. */
  requests: LoadRequest[]
}

export interface LoadRequest {
  method: 'GET' | 'POST' | 'PATCH'
  path: string
  body?: string
}

export interface LoadResult {
  /** Answers a second. */
  perSecond: number
  /** Milliseconds. */
  p50: number
  p99: number
  max: number
  /** Requests that were told, past capacity, that it is too much; they are not in `perSecond`. */
  refused: number
  /** Requests that were not answered with a status from 200 to 299. */
  failed: number
  /** Status and beginning of the first answer that was not. */
  firstFailure?: string
}

type Answered = (connection: Connection, due: number, failure: string | undefined) => void

/** One HTTP/1.1 connection with one request under way. */
class Connection {
  readonly #socket: Socket
  readonly #head: string
  readonly #answered: Answered
  #due = 0
  /** Method and path of the request under way. */
  question: string | undefined
  #received: Buffer | undefined
  /** Bytes of the answer that are still to come, once its head has been read. */
  #missing = 0
  #failure: string | undefined

  constructor(base: string, token: string | undefined, answered: Answered) {
    const { hostname, port } = new URL(base)
    this.#head = `HTTP/1.1\r\nhost: ${hostname}\r\n${token ? `authorization: Bearer ${token}\r\n` : ''}`
    this.#answered = answered
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true })
    this.#socket.on('data', (chunk) => this.#read(chunk))
    for (const event of ['error', 'end'] as const) {
      this.#socket.on(event, (error?: Error) => giveUp(`a connection ended: ${error?.message ?? 'by the server'}`))
    }
  }

  async isOpen(): Promise<void> {
    if (this.#socket.connecting) await once(this.#socket, 'connect')
  }

  /** @param due when it was to be sent, by the clock of `performance` */
  send({ method, path, body = '' }: LoadRequest, due: number): void {
    this.#due = due
    this.question = `${method} ${path}`
    const about = body ? `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` : ''
    this.#socket.write(`${method} ${path} ${this.#head}${about}\r\n${body}`)
  }

  #read(chunk: Buffer): void {
    if (this.#missing > 0) this.#missing -= chunk.length
    else if (!this.#readHead(chunk)) return
    if (this.#missing > 0) return
    this.question = undefined
    this.#answered(this, this.#due, this.#failure)
  }

  /** @returns whether the head has come as a whole */
  #readHead(chunk: Buffer): boolean {
    const bytes = this.#received ? Buffer.concat([this.#received, chunk]) : chunk
    const end = bytes.indexOf('\r\n\r\n')
    this.#received = end < 0 ? bytes : undefined
    if (end < 0) return false
    const head = bytes.toString('latin1', 0, end)
    const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1]
    if (length === undefined && !head.startsWith('HTTP/1.1 204')) giveUp(`an answer without a length: ${head}`)
    this.#missing = end + 4 + Number(length ?? 0) - bytes.length
    this.#failure = head.startsWith('HTTP/1.1 2') ? undefined : bytes.toString('latin1', 9, 400)
    return true
  }
}

class Load {
  readonly #plan: LoadPlan
  readonly #latencies: number[] = []
  readonly #all: Connection[]
  readonly #idle: Connection[]
  /** When each request was due that no connection was free for. */
  readonly #waiting: number[] = []
  #counted = 0
  #ends = 0
  #sent = 0
  #refused = 0
  #failed = 0
  #firstFailure: string | undefined

  constructor(plan: LoadPlan) {
    this.#plan = plan
    const { base, connections, tokens } = plan
    const answered: Answered = (...answer) => this.#take(...answer)
    this.#all = Array.from({ length: connections }, (_, i) => new Connection(base, tokens[i % tokens.length], answered))
    this.#idle = [...this.#all]
  }

  async run(): Promise<LoadResult> {
    const { connections, seconds, warmUp = 0, rate } = this.#plan
    await Promise.all(this.#idle.map((connection) => connection.isOpen()))
    this.#counted = performance.now() + warmUp * 1_000
    this.#ends = this.#counted + seconds * 1_000
    if (rate === undefined) for (const connection of this.#idle.splice(0)) this.#send(connection, performance.now())
    else await this.#keepTime(rate)
    // What was due before the end is waited for: to leave it out would hide the slowest.
    const late = this.#ends + MAX_LATE_MS
    const isOver = () => (rate === undefined || this.#idle.length === connections) && performance.now() > this.#ends
    while (!isOver() && performance.now() < late) await sleep(10)
    if (!isOver()) giveUp(`still not answered 30 s after the end: ${this.#unanswered()}`)
    const latencies = this.#latencies
    const at = (share: number) => Number(percentile(latencies, share).toFixed(2))
    const perSecond = Math.round(latencies.length / seconds)
    const [refused, failed, firstFailure] = [this.#refused, this.#failed, this.#firstFailure]
    return { perSecond, p50: at(0.5), p99: at(0.99), max: at(1), refused, failed, firstFailure }
  }

  #unanswered(): string {
    const open = this.#all.filter((connection) => connection.question !== undefined)
    return `${open.length} requests, the first ${open[0]?.question}; ${this.#waiting.length} not sent`
  }

  /** Sends what is due; the clock's grain is a millisecond, and what it missed is made up. */
  async #keepTime(rate: number): Promise<void> {
    for (let next = performance.now(); next < this.#ends; ) {
      for (const now = performance.now(); next <= now && next < this.#ends; next += 1_000 / rate) {
        const connection = this.#idle.shift() // each in turn: one that is silent for long is closed
        if (connection) this.#send(connection, next)
        else this.#waiting.push(next)
      }
      await sleep(1)
    }
  }

  #send(connection: Connection, due: number): void {
    const { requests } = this.#plan
    connection.send(requests[this.#sent++ % requests.length] as LoadRequest, due)
  }

  #take(connection: Connection, due: number, failure: string | undefined): void {
    const now = performance.now()
    const isClosedLoop = this.#plan.rate === undefined
    const moment = isClosedLoop ? now : due
    const counts = moment >= this.#counted && moment < this.#ends
    if (this.#plan.pastCapacity && /^(429|503) /.test(failure ?? '')) this.#refused += Number(counts)
    else {
      if (failure !== undefined) this.#failed++
      this.#firstFailure ??= failure
      if (counts) this.#latencies.push(now - due)
    }
    const next = isClosedLoop && now < this.#ends ? now : this.#waiting.shift()
    if (next === undefined) this.#idle.push(connection)
    else this.#send(connection, next)
  }
}

function giveUp(message: string): never {
  console.error(message)
  process.exit(1)
}

console.log(JSON.stringify(await new Load(JSON.parse(await text(process.stdin))).run()))
process.exit()
