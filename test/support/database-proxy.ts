import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { Scope } from './app.ts'
import { execution, type Message, MessageReader, message, SSL_REQUEST, STARTUP, stringsOf } from './wire-protocol.ts'

/**
 * What happens to a call. `cut before` ends the connection instead of passing the call on; `cut after` lets the server
 * do it and ends the connection instead of passing on the reply; `hang` passes nothing on any more. A SQLSTATE makes
 * the server itself fail with it, so that its transaction is in the state a real failure leaves.
 */
export type Fault = 'cut before' | 'cut after' | 'hang' | '40001' | '40P01' | '57014'

/** One exchange with the server: a simple query, the messages up to a Sync, or the end of a COPY's data. */
interface Call {
  /** The name of a prepared statement, else the text. */
  statement: string
  /** The `application_name` of the connection. */
  application: string
}

/** Asked about every call; what it answers is done. */
type Decide = (call: Call) => Fault | undefined

export interface DatabaseProxy {
  /** The database as it is reached through the proxy. */
  url: string
  decide(decide: Decide): void
  /** Ends every connection that goes through it. */
  cutAll(): void
}

/** A TCP proxy in front of a PostgreSQL that goes wrong when it is told to. */
export async function startDatabaseProxy(t: Scope, url: string): Promise<DatabaseProxy> {
  const target = new URL(url)
  const connections = new Set<ProxiedConnection>()
  let decide: Decide = () => undefined
  const server = createServer((socket) => {
    const upstream = connect(Number(target.port), target.hostname)
    const connection = new ProxiedConnection(socket, upstream, (call) => decide(call))
    connections.add(connection)
    socket.on('close', () => connections.delete(connection))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cutAll = () => {
    for (const connection of connections) connection.cut()
  }
  t.after(async () => {
    server.close()
    cutAll()
  })
  const proxied = new URL(url)
  proxied.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: proxied.href,
    cutAll,
    decide(next) {
      decide = next
    },
  }
}

class ProxiedConnection {
  readonly #client: Socket
  readonly #server: Socket
  readonly #decide: Decide
  readonly #reader = new MessageReader()
  #application = ''
  #started = false
  /** Messages of a call whose end has not come yet. */
  #call: Message[] = []
  #hangs = false
  /** Set while the reply of the last call is read but not passed on. */
  #swallowed: MessageReader | undefined

  constructor(client: Socket, server: Socket, decide: Decide) {
    this.#client = client
    this.#server = server
    this.#decide = decide
    client.setNoDelay()
    server.setNoDelay()
    for (const socket of [client, server]) socket.on('error', () => {}).on('close', () => this.cut())
    client.on('data', (chunk) => this.#fromClient(chunk))
    server.on('data', (chunk) => this.#fromServer(chunk))
  }

  cut(): void {
    this.#client.destroy()
    this.#server.destroy()
  }

  #fromClient(chunk: Buffer): void {
    if (this.#hangs) return
    this.#reader.push(chunk)
    while (!this.#started) {
      const first = this.#reader.nextUntyped()
      if (!first) return
      this.#start(first)
    }
    for (let next = this.#reader.next(); next && !this.#hangs; next = this.#reader.next()) this.#take(next)
  }

  #start({ code, bytes }: { code: number; bytes: Buffer }): void {
    if (code === SSL_REQUEST) {
      this.#client.write('N')
      return
    }
    this.#started = true
    const settings = code === STARTUP ? stringsOf(bytes, 8) : []
    this.#application = settings[settings.indexOf('application_name') + 1] ?? ''
    this.#server.write(bytes)
  }

  #take(next: Message): void {
    if ('PBDEC'.includes(next.type)) {
      this.#call.push(next)
      return
    }
    const messages = [...this.#call, next]
    this.#call = []
    const isCall = 'QSc'.includes(next.type)
    const statement = isCall ? statementOf(messages) : ''
    const fault = isCall ? this.#decide({ statement, application: this.#application }) : undefined
    if (fault === 'cut before') this.cut()
    else if (fault === 'hang') this.#hangs = true
    else {
      if (fault === 'cut after') this.#swallowed = new MessageReader()
      const isFailure = fault !== undefined && fault !== 'cut after' && !isRollback(statement)
      this.#pass(isFailure ? failing(messages, fault) : messages)
    }
  }

  #pass(messages: Message[]): void {
    for (const { bytes } of messages) this.#server.write(bytes)
  }

  #fromServer(chunk: Buffer): void {
    if (!this.#swallowed) {
      this.#client.write(chunk)
      return
    }
    this.#swallowed.push(chunk)
    for (let reply = this.#swallowed.next(); reply; reply = this.#swallowed.next()) {
      // ReadyForQuery, or the server waits for the data of a COPY.
      if (reply.type === 'Z' || reply.type === 'G') this.cut()
    }
  }
}

function statementOf(messages: Message[]): string {
  const [first] = messages
  if (!first || first.type === 'c') return 'end of copy'
  if (first.type === 'Q') return stringsOf(first.bytes, 5)[0] ?? ''
  // Parse holds the name and the text; Bind the portal, then the name.
  const [name = '', other = ''] = stringsOf(first.bytes, 5)
  return first.type === 'P' ? name || other : other
}

/** It cannot fail: what it is to end is gone anyway. */
const isRollback = (statement: string) => /^rollback/i.test(statement)

/** The same call, with a statement in place of its own that fails with this SQLSTATE. */
function failing(messages: Message[], sqlState: string): Message[] {
  const raise = `do $$ begin raise exception 'injected' using errcode = '${sqlState}'; end $$`
  const [first] = messages
  const instead = (type: string, bytes: Buffer) => [{ type, bytes }]
  if (first?.type === 'c') return instead('f', message('f', 'injected'))
  if (first?.type === 'Q') {
    // A commit that fails has ended the transaction.
    const isCommit = /^commit/i.test(statementOf(messages))
    return instead('Q', message('Q', isCommit ? `rollback; ${raise}` : raise))
  }
  // Parsed and bound as it stands: the driver takes note of what is prepared.
  return messages.flatMap((one) => (one.type === 'E' ? instead('E', execution(raise)) : [one]))
}
