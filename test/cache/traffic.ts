import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { cloneDatabase, multipart, PASSWORD, type Scope } from '../support/app.ts'
import { type ServerProcess, startProcess, tokenOf, until } from '../support/process.ts'
import { Ledger } from './ledger.ts'

const v1 = '/api/v1'
const STATUSES = ['pending', 'active', 'completed']
const OLD_DAY = '2020-02-01'

export interface User {
  name: string
  id: number
  token: string
}

interface Answer {
  status: number
  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape
  body: any
  cache: string | null
}

/** Two processes over one database and one Redis, and the people who read and write through either of them. */
export class Traffic {
  readonly ledger = new Ledger()
  /** Tasks that an import dated long ago: in every list of that time, whatever becomes of them. */
  readonly old: number[] = []
  readonly stale: string[] = []
  readonly outcomes: Record<string, number> = {}
  writes = 0
  readonly #servers: ServerProcess[]
  readonly #random: () => number
  admin: User = { name: 'root_admin', id: 0, token: '' }
  /** Whether somebody may see the project that not everybody sees: as tasks, with a version. */
  readonly #hidden = new Set<number>()
  readonly #access = new Map<string, { sees: boolean; begun: number; open: number }>()

  private constructor(servers: ServerProcess[], random: () => number) {
    this.#servers = servers
    this.#random = random
  }

  static async start(t: Scope, redisUrl: string, random: () => number): Promise<Traffic> {
    const env = {
      DATABASE_URL: await cloneDatabase(t),
      REDIS_URL: redisUrl,
      JWT_SECRET_KEY: 'c29tZSBieXRlcyB0aGF0IGFyZSBub3QgcHVibGlzaGVk',
      ADMIN_USERNAME: 'root_admin',
      ADMIN_PASSWORD: PASSWORD,
      LOG_LEVEL: 'warn',
      RATE_LIMIT_USER: '1000000/1',
    }
    const servers = [await startProcess(['serve', '--worker'], env), await startProcess(['serve'], env)]
    for (const server of servers) {
      t.after(async () => {
        server.kill('SIGKILL')
        await server.ended()
      })
    }
    for (const server of servers) await server.wrote(/Tasklog is ready/, 60_000)
    const traffic = new Traffic(servers, random)
    traffic.admin.token = await tokenOf(traffic.#base(), 'root_admin', PASSWORD)
    return traffic
  }

  async user(name: string): Promise<User> {
    const body = { username: name, password: PASSWORD }
    const { body: user } = await this.send('POST', `${v1}/users`, this.admin, body)
    this.#access.set(name, { sees: false, begun: 0, open: 0 })
    return { name, id: user.id, token: await tokenOf(this.#base(), name, PASSWORD) }
  }

  async send(method: string, url: string, as: User, body?: unknown, headers = {}): Promise<Answer> {
    const answer = await fetch(`${this.#base()}${url}`, {
      ...{ method, signal: AbortSignal.timeout(20_000) },
      headers: {
        authorization: `Bearer ${as.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body instanceof Buffer ? new Uint8Array(body) : body === undefined ? undefined : JSON.stringify(body),
    })
    const text = await answer.text()
    if (answer.status >= 300) throw new Error(`${method} ${url} answered ${answer.status}: ${text}`)
    return { status: answer.status, body: text && JSON.parse(text), cache: answer.headers.get('x-cache') }
  }

  /** Creates, changes, deletes and restores tasks of its own. */
  async write(as: User, isOver: () => boolean): Promise<void> {
    const living: number[] = []
    const trash: number[] = []
    while (!isOver()) {
      const dice = this.#random()
      if (living.length < 4 || (dice < 0.15 && living.length < 8)) living.push(await this.#create(as))
      else if (dice < 0.6) await this.#patch(as, this.#pick(living))
      else if (dice < 0.7) await this.#patchMany(as, living.slice(0, 3))
      else if (dice < 0.85 || trash.length === 0) {
        const id = living.shift() as number
        await this.#remove(as, id)
        trash.push(id)
      } else {
        const id = trash.pop() as number
        await this.#restore(as, id)
        living.push(id)
      }
      this.writes++
      // Many right after each other, and then none, so that pages are kept in between and some of them found.
      if (this.#random() < 0.4) await sleep(this.#random() ** 2 * 1_000)
    }
  }

  async #create(as: User): Promise<number> {
    const headers = this.#random() < 0.5 ? { 'idempotency-key': randomUUID() } : {}
    const { body } = await this.send('POST', `${v1}/tasks`, as, { title: `Of ${as.name}` }, headers)
    this.ledger.add(body.id, stateOf(body))
    return body.id
  }

  #patch(as: User, id: number): Promise<void> {
    return this.ledger.change([id], async () => {
      const changes = { status: this.#pick(STATUSES), description: randomUUID() }
      return new Map([[id, stateOf((await this.send('PATCH', `${v1}/tasks/${id}`, as, changes)).body)]])
    })
  }

  #patchMany(as: User, ids: number[]): Promise<void> {
    return this.ledger.change(ids, async () => {
      const status = this.#pick(STATUSES)
      const changes = { status, description: randomUUID() }
      const { body } = await this.send('PATCH', `${v1}/tasks`, as, { ids, changes })
      return new Map(
        body.changed.map(({ id, version }: { id: number; version: number }) => [
          id,
          { version, status, isDeleted: false },
        ]),
      )
    })
  }

  #remove(as: User, id: number): Promise<void> {
    return this.ledger.change([id], async () => {
      await this.send('DELETE', `${v1}/tasks/${id}`, as)
      const before = this.ledger.get(id)
      return new Map([[id, { version: (before?.version ?? 0) + 1, status: before?.status ?? '', isDeleted: true }]])
    })
  }

  #restore(as: User, id: number): Promise<void> {
    return this.ledger.change([id], async () => {
      const { body } = await this.send('POST', `${v1}/tasks/${id}/restore`, as)
      return new Map([[id, stateOf(body)]])
    })
  }

  /** Two old tasks by an import, which is undone a moment later. */
  async importAndUndo(isOver: () => boolean): Promise<void> {
    for (let i = 0; !isOver() && i < 30; i++) {
      const name = `import${i}`
      const { payload, headers } = multipart(`task_name,created_at\n${name},1/5/2020\n${name},1/6/2020\n`)
      const { body } = await this.send('POST', '/upload-csv', this.admin, payload, headers)
      if (body.created !== 2) throw new Error(`an import made ${body.created} tasks of 2`)
      const { body: found } = await this.send('GET', `${v1}/tasks?q=${name}`, this.admin)
      if (found.items.length !== 2) this.stale.push(`${found.items.length} tasks of ${name} are shown`)
      const ids: number[] = found.items.map(({ id }: { id: number }) => id)
      for (const item of found.items) this.ledger.add(item.id, stateOf(item))
      this.old.push(...ids)
      await sleep(100)
      await this.ledger.change(ids, async () => {
        await this.send('POST', `${v1}/imports/${body.id}/undo`, this.admin)
        const isUndone = async () =>
          (await this.send('GET', `${v1}/imports/${body.id}`, this.admin)).body.state === 'undone'
        await until(isUndone, 20_000)
        return new Map(ids.map((id) => [id, { version: 2, status: 'active', isDeleted: true }]))
      })
      this.writes += 2
    }
  }

  /** Three tasks that only members of their project see, and administrators. */
  async hide(): Promise<number> {
    const { body: project } = await this.send('POST', `${v1}/projects`, this.admin, { name: 'Hidden' })
    for (let i = 0; i < 3; i++) {
      const { body } = await this.send('POST', `${v1}/tasks`, this.admin, { title: 'Hidden', project_id: project.id })
      this.ledger.add(body.id, stateOf(body))
      this.#hidden.add(body.id)
    }
    return project.id
  }

  /** Gives and takes somebody's right to see what is hidden, again and again. */
  async toggle(user: User, isOver: () => boolean, give: () => Promise<unknown>, take: () => Promise<unknown>) {
    const access = this.#access.get(user.name) ?? { sees: false, begun: 0, open: 0 }
    for (let sees = true; !isOver(); sees = !sees) {
      access.begun++
      access.open++
      await (sees ? give() : take())
      access.sees = sees
      access.open--
      this.writes++
      await sleep(this.#random() * 600)
    }
  }

  async read(as: User, isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const dice = this.#random()
      if (dice < 0.2) await this.#list(as, '/tasks?per_page=100')
      else if (dice < 0.5) await this.#list(as, `${v1}/tasks?limit=100`)
      else if (dice < 0.7) await this.#list(as, `${v1}/tasks?limit=100&status=active`, 'active')
      else if (dice < 0.85) await this.#list(as, `${v1}/task-log?limit=100`)
      else await this.#listOld(as)
      // So that readers leave the machine to writers as well.
      await sleep(this.#random() * 20)
    }
  }

  async #list(as: User, url: string, status?: string): Promise<void> {
    const access = this.#access.get(as.name)
    const before = access && { ...access }
    const floor = this.ledger.floor()
    const { body, cache } = await this.send('GET', url, as)
    this.#count(cache)
    const sees = !before ? true : before.open === 0 && access?.begun === before.begun ? before.sees : undefined
    const wrong = this.ledger.compare(floor, body.items ?? body.tasks, (id, known) => {
      const isIn = !known.isDeleted && (status === undefined || known.status === status)
      return isIn && this.#hidden.has(id) ? sees : isIn
    })
    this.stale.push(...wrong.map((text) => `${url} of ${as.name} (${cache}): ${text}`))
  }

  async #listOld(as: User): Promise<void> {
    const expected = [...this.old]
    const url = this.#random() < 0.5 ? `${v1}/tasks?limit=100&as_of=${OLD_DAY}` : `/tasks?per_page=100&date=${OLD_DAY}`
    const { body, cache } = await this.send('GET', url, as)
    this.#count(cache)
    const ids = new Set((body.items ?? body.tasks).map(({ id }: { id: number }) => id))
    const missing = expected.filter((id) => !ids.has(id))
    if (missing.length > 0) this.stale.push(`${url} (${cache}) lacks ${missing}`)
  }

  #count(cache: string | null): void {
    this.outcomes[String(cache)] = (this.outcomes[String(cache)] ?? 0) + 1
  }

  #base(): string {
    return this.#pick(this.#servers).base
  }

  #pick<T>(of: T[]): T {
    return of[Math.floor(this.#random() * of.length)] as T
  }
}

function stateOf({ version, status }: { version: number; status: string }) {
  return { version, status, isDeleted: false }
}
