import { randomUUID } from 'node:crypto'
import type { LightMyRequestResponse } from 'fastify'
import { type App, createApp } from '../../src/app.ts'
import { jobs } from '../../src/jobs.ts'
import { type Config, loadConfig } from '../../src/platform/config.ts'
import { closeContext, createContext, type ProcessContext } from '../../src/platform/context.ts'
import { createLogger, type Logger } from '../../src/platform/logger.ts'
import { databaseUrl, runSql, TEMPLATE } from './template.ts'

export const PASSWORD = 'quiet-otter-laughs'
/** The key that tokens are signed with. */
export const SECRET = 'for tests only, and only for tests: 0123456789'

export interface Person {
  id: number
  username: string
  token: string
  refreshToken: string
}

export interface Answer {
  status: number
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  body: any
  headers: LightMyRequestResponse['headers']
  text: string
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface SendOptions {
  /** Whose access token signs it. */
  as?: Person | string
  /** Sent as JSON. */
  body?: unknown
  headers?: Record<string, string>
  payload?: string | Buffer
  /** Where the connection comes from; this machine when left out. */
  address?: string
}

export interface TestApp {
  ctx: ProcessContext
  app: App
  auth: App['auth']
  databaseUrl: string
  send(method: Method, url: string, options?: SendOptions): Promise<Answer>
  /** A user made straight in the service and logged in; `admin` for an administrator. */
  person(username: string, role?: 'user' | 'admin'): Promise<Person>
  login(username: string, password?: string): Promise<Person>
}

export interface TestOptions {
  env?: Record<string, string>
  /** Takes background jobs in this process. */
  worker?: boolean
  log?: Logger
  redisUrl?: string
  /** An application on the database of another one. */
  databaseUrl?: string
}

const adminUrl = () => {
  const url = process.env.TEST_POSTGRES_URL
  if (!url) throw new Error('Run tests with `npm test -- <file>`: it starts PostgreSQL and Redis.')
  return url
}

/** Where clean-up is registered: a test's context, or the stack of a suite. */
export interface Scope {
  after(cleanup: () => Promise<void>): void
}

/** Clean-up in reverse order, for what is started in a suite's `before` and ended in its `after`. */
export class CleanupStack implements Scope {
  readonly #stack: (() => Promise<void>)[] = []

  after(cleanup: () => Promise<void>): void {
    this.#stack.push(cleanup)
  }

  /** @throws the first error, after all that is left was cleaned up as well */
  async run(): Promise<void> {
    const errors: unknown[] = []
    for (let next = this.#stack.pop(); next; next = this.#stack.pop()) {
      try {
        await next()
      } catch (error) {
        errors.push(error)
      }
    }
    if (errors.length > 0) throw errors[0]
  }
}

/** A database of the test's own, cloned from the template and dropped with it; an empty one from `template1`. */
export async function cloneDatabase(t: Scope, template = TEMPLATE): Promise<string> {
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await runSql(adminUrl(), `create database ${name} template ${template}`)
  t.after(() => runSql(adminUrl(), `drop database ${name} with (force)`))
  return databaseUrl(adminUrl(), name)
}

/** The whole application over a database of its own; closed with the test. */
export async function startApp(t: Scope, options: TestOptions = {}): Promise<TestApp> {
  const cleanup = new CleanupStack()
  t.after(() => cleanup.run())
  const url = options.databaseUrl ?? (await cloneDatabase(cleanup))
  const config = testConfig(url, options.env)
  const log = options.log ?? createLogger('silent')
  const ctx = createContext(config, { databaseUrl: url, redisUrl: options.redisUrl, role: 'test', log })
  const app = await createApp(ctx)
  cleanup.after(async () => {
    await app.http.close()
    await closeContext(ctx)
  })
  if (options.worker) await ctx.queue.work(ctx, jobs)
  return { ctx, app, auth: app.auth, databaseUrl: url, ...client(app) }
}

function testConfig(url: string, env: Record<string, string> = {}): Config {
  return loadConfig({
    NODE_ENV: 'test',
    DATABASE_URL: url,
    JWT_SECRET_KEY: SECRET,
    RATE_LIMIT_REGISTRATION: '100000/60',
    RATE_LIMIT_LOGIN_ADDRESS: '100000/60',
    ...env,
  })
}

function client(app: App): Pick<TestApp, 'send' | 'person' | 'login'> {
  const send: TestApp['send'] = async (method, url, { as, body, headers = {}, payload, address } = {}) => {
    const token = typeof as === 'string' ? as : as?.token
    const answer = await app.http.inject({
      method,
      url,
      remoteAddress: address,
      headers: {
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...(body !== undefined ? { 'content-type': 'application/json' } : {}),
        ...headers,
      },
      payload: body !== undefined ? JSON.stringify(body) : payload,
    })
    const isJson = /[/+]json/.test(String(answer.headers['content-type']))
    return {
      status: answer.statusCode,
      headers: answer.headers,
      text: answer.payload,
      body: isJson ? JSON.parse(answer.payload) : undefined,
    }
  }
  const login: TestApp['login'] = async (username, password = PASSWORD) => {
    const { status, body } = await send('POST', '/api/v1/auth/login', { body: { username, password } })
    if (status !== 200) throw new Error(`login of ${username} answered ${status}: ${JSON.stringify(body)}`)
    const me = await send('GET', '/api/v1/users/me', { as: body.access_token })
    return { id: me.body.id, username, token: body.access_token, refreshToken: body.refresh_token }
  }
  const person: TestApp['person'] = async (username, role = 'user') => {
    await app.auth.createUser({ username, password: PASSWORD }, role)
    return login(username)
  }
  return { send, login, person }
}

/** A multipart body with one file, as curl -F file=@… sends it. */
export function multipart(content: string | Buffer, fileName = 'tasks.csv', field = 'file') {
  const boundary = `----tasklog${randomUUID()}`
  const head = `--${boundary}\r\ncontent-disposition: form-data; name="${field}"; filename="${fileName}"\r\ncontent-type: text/csv\r\n\r\n`
  return {
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    payload: Buffer.concat([Buffer.from(head), Buffer.from(content), Buffer.from(`\r\n--${boundary}--\r\n`)]),
  }
}
