import { setTimeout as sleep } from 'node:timers/promises'
import type { Scope } from '../app.ts'
import { type DatabaseProxy, startDatabaseProxy } from '../database-proxy.ts'
import { type OwnPostgres, ownPostgres, temporaryFolder } from '../own-postgres.ts'
import { type ServerProcess, startProcess, statusOf, tokenOf, until } from '../process.ts'
import type { PlannedFault } from './plan.ts'

const PASSWORD = 'a quiet otter laughs'
/** A transaction's end, and the statements that are a transaction of their own. */
const COMMIT = /^commit/i
const WRITE = /^tasks\/(insert|update|soft-delete)/

/** A PostgreSQL with default durability, a proxy before it, and the API before that, each of which can be brought down. */
export class Rig {
  readonly #scope: Scope
  readonly #postgres: OwnPostgres
  readonly #proxy: DatabaseProxy
  readonly #env: Record<string, string>
  #api: ServerProcess | undefined
  token = ''

  static async start(t: Scope): Promise<Rig> {
    const postgres = await ownPostgres(t)
    const proxy = await startDatabaseProxy(t, postgres.url)
    const rig = new Rig(t, postgres, proxy, {
      DATABASE_URL: proxy.url,
      DATA_DIR: await temporaryFolder(t),
      JWT_SECRET_KEY: 'c29tZSBieXRlcyB0aGF0IGFyZSBub3QgcHVibGlzaGVk',
      ACCESS_TOKEN_MINUTES: '1440',
      ADMIN_USERNAME: 'root_admin',
      ADMIN_PASSWORD: PASSWORD,
      LOG_LEVEL: 'error',
      RATE_LIMIT_USER: '1000000/1',
      RATE_LIMIT_ADDRESS: '1000000/1',
    })
    await rig.#startApi()
    rig.token = await tokenOf(rig.base(), 'root_admin', PASSWORD)
    return rig
  }

  private constructor(t: Scope, postgres: OwnPostgres, proxy: DatabaseProxy, env: Record<string, string>) {
    this.#scope = t
    this.#postgres = postgres
    this.#proxy = proxy
    this.#env = env
  }

  /** Straight to the database. */
  get databaseUrl(): string {
    return this.#postgres.url
  }

  base(): string {
    return this.#api?.base ?? ''
  }

  /** What the API that runs now wrote: errors only. */
  output(): string {
    return this.#api?.output() ?? ''
  }

  async bringAbout({ kind, pauseMs, atCommit }: PlannedFault): Promise<void> {
    switch (kind) {
      case 'stop PostgreSQL':
        await this.#postgres.stop('immediate')
        await sleep(pauseMs)
        return this.#postgres.start()
      case 'kill the API':
        this.#api?.kill('SIGKILL')
        await this.#api?.ended()
        await sleep(pauseMs)
        return this.#startApi()
      default:
        return this.#cutNext(kind, atCommit ? COMMIT : WRITE)
    }
  }

  async #cutNext(kind: 'cut before' | 'cut after', where: RegExp): Promise<void> {
    const { promise: done, resolve } = Promise.withResolvers<void>()
    this.#proxy.decide(({ statement }) => {
      if (!where.test(statement)) return undefined
      this.#proxy.decide(() => undefined)
      resolve()
      return kind
    })
    await done
  }

  async #startApi(): Promise<void> {
    const api = await startProcess(['serve'], this.#env)
    this.#api = api
    this.#scope.after(async () => api.kill('SIGKILL'))
    await until(
      async () => (await statusOf(`${api.base}/readyz`)) === 200,
      30_000,
      () => `the API to be ready: ${api.output()}`,
    )
  }
}
