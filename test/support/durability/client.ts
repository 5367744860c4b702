import { setTimeout as sleep } from 'node:timers/promises'
import { randomFrom } from '../random.ts'
import type { Journal } from './journal.ts'

const ANSWER_MS = 10_000
const PAUSE_MS = 50

export interface Target {
  /** Where the API is now; it moves when it is started again. */
  base(): string
  token: string
}

type Headers = { [name: string]: string }

/** What came back; undefined when nothing did, or 503: then nobody knows whether it has happened. */
interface Reply {
  status: number
  // biome-ignore lint/suspicious/noExplicitAny: tasks and problems
  body: any
}

/** One client: creates, changes and deletes tasks of its own, one request after the other, and takes down every answer. */
export class Client {
  readonly #name: string
  readonly #target: Target
  readonly #journal: Journal
  readonly #random: () => number
  /** Tasks it was told of and has not tried to delete. */
  readonly #tasks: number[] = []
  #count = 0

  constructor(index: number, seed: number, target: Target, journal: Journal) {
    this.#name = `client-${index}`
    this.#target = target
    this.#journal = journal
    this.#random = randomFrom(seed + index * 7_919)
  }

  async run(isOver: () => boolean): Promise<void> {
    while (!isOver()) await this.#step()
  }

  async #step(): Promise<void> {
    const dice = this.#random()
    const which = Math.floor(this.#random() * this.#tasks.length)
    if (this.#tasks.length === 0 || dice < 0.4) await this.#create(dice < 0.2)
    else if (dice < 0.9) await this.#change(this.#tasks[which] ?? 0)
    else await this.#remove(which)
  }

  /** With a key it is sent until it is answered; without one nobody knows, and it is not sent again. */
  async #create(keyed: boolean): Promise<void> {
    const label = this.#label()
    const entry = { keyed, acknowledged: false }
    this.#journal.creates.set(label, entry)
    const body = { title: `Made by ${label}`, description: label }
    const headers: Headers = keyed ? { 'idempotency-key': label } : {}
    let reply = await this.#send('POST', '', body, headers)
    while (keyed && !isAnswer(reply)) {
      this.#journal.replays++
      reply = await this.#send('POST', '', body, headers)
    }
    if (!reply || !this.#expect(reply, 201, label)) return
    entry.acknowledged = true
    this.#journal.states.push(reply.body)
    this.#tasks.push(reply.body.id)
    if (keyed && this.#random() < 0.1) await this.#createAgain(label, body, headers, reply.body.id)
  }

  async #createAgain(label: string, body: object, headers: Headers, id: number): Promise<void> {
    const again = await this.#send('POST', '', body, headers)
    if (!again) return
    this.#journal.replays++
    if (again.status !== 201 || again.body.id !== id) this.#unexpected(`${label} again, was ${id}`, again)
  }

  async #change(id: number): Promise<void> {
    const label = this.#label()
    const reply = await this.#send('PATCH', `/${id}`, { title: `Changed by ${label}` })
    if (reply && this.#expect(reply, 200, `${label} of ${id}`)) this.#journal.states.push(reply.body)
  }

  async #remove(which: number): Promise<void> {
    const [id = 0] = this.#tasks.splice(which, 1)
    const reply = await this.#send('DELETE', `/${id}`)
    if (reply && this.#expect(reply, 204, `deletion of ${id}`)) this.#journal.deletes.push(id)
  }

  #label(): string {
    return `${this.#name}-${++this.#count}`
  }

  #expect(reply: Reply, status: number, what: string): boolean {
    if (reply.status === status) return true
    this.#unexpected(what, reply)
    return false
  }

  #unexpected(what: string, { status, body }: Reply): void {
    this.#journal.unexpected.push(`${what}: ${status} ${JSON.stringify(body)}`)
  }

  async #send(method: string, path: string, body?: object, more: Headers = {}): Promise<Reply | undefined> {
    const headers = { authorization: `Bearer ${this.#target.token}`, 'content-type': 'application/json', ...more }
    const init = { method, headers: body ? headers : { authorization: headers.authorization } }
    try {
      const answer = await fetch(`${this.#target.base()}/api/v1/tasks${path}`, {
        ...init,
        ...(body ? { body: JSON.stringify(body) } : {}),
        signal: AbortSignal.timeout(ANSWER_MS),
      })
      const text = await answer.text()
      if (answer.status !== 503) return { status: answer.status, body: text ? JSON.parse(text) : undefined }
    } catch {
      // no answer
    }
    this.#journal.unanswered++
    await sleep(PAUSE_MS)
    return undefined
  }
}

/** With a key, two answers mean try again: the first request is running still, or it ran into another one. */
function isAnswer(reply: Reply | undefined): boolean {
  return reply !== undefined && !['IDEMPOTENCY_KEY_IN_USE', 'WRITE_CONFLICT'].includes(reply.body?.code)
}
