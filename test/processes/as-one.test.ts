import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createClient } from '@redis/client'
import { CleanupStack, cloneDatabase, multipart } from '../support/app.ts'
import { ask } from '../support/ask.ts'
import { temporaryFolder } from '../support/own-postgres.ts'
import { startProcess, until } from '../support/process.ts'
import { redisUrl } from '../support/redis.ts'

const ADMIN = { ADMIN_USERNAME: 'root_admin', ADMIN_PASSWORD: 'a quiet otter laughs' }
const LIMIT = 30
const LOGINS = 4

interface Place {
  what: string
  redis: string
  /** Of each process, its arguments. */
  commands: string[][]
}

const PLACES: Place[] = [
  { what: 'two processes of one serve', redis: redisUrl(7), commands: [['serve', '--processes', '2', '--worker']] },
  { what: 'two serves beside each other', redis: redisUrl(8), commands: [['serve', '--worker'], ['serve']] },
]

for (const { what, redis, commands } of PLACES) {
  describe(`${what} behave as one`, () => {
    const cleanup = new CleanupStack()
    let bases: string[] = []
    let turn = 0
    let token: string

    before(async () => {
      const client = await createClient({ url: redis }).connect()
      await client.flushDb()
      client.destroy()
      const env = {
        DATABASE_URL: await cloneDatabase(cleanup),
        DATA_DIR: await temporaryFolder(cleanup),
        JWT_SECRET_KEY: 'c29tZSBieXRlcyB0aGF0IGFyZSBub3QgcHVibGlzaGVk',
        REDIS_URL: redis,
        RATE_LIMIT_USER: `${LIMIT}/600`,
        RATE_LIMIT_LOGIN_ACCOUNT: `${LOGINS}/600`,
        ...ADMIN,
      }
      for (const command of commands) {
        const server = await startProcess(command, env)
        cleanup.after(async () => {
          server.kill('SIGTERM')
          await server.ended()
        })
        await server.wrote(/Tasklog is ready/)
        bases.push(server.base)
      }
      bases = bases.length === 1 ? [...bases, ...bases] : bases
      token = await register('anna')
    })
    after(() => cleanup.run())

    /** The processes in turn. */
    const next = () => bases[turn++ % bases.length] ?? ''
    const send = (method: string, path: string, question: Parameters<typeof ask>[3]) =>
      ask(next(), method, path, question)
    const logIn = (username: string, password: string) => send('POST', '/login', { body: { username, password } })
    async function register(username: string): Promise<string> {
      const account = { username, password: ADMIN.ADMIN_PASSWORD }
      assert.equal((await send('POST', '/register', { body: account })).status, 201)
      return (await logIn(username, account.password)).body.access_token
    }

    test('in what they admit', async () => {
      const impatient = await register('impatient')
      const statuses: number[] = []
      for (let i = 0; i < LIMIT * 2; i++) {
        statuses.push((await send('GET', '/api/v1/users/me', { token: impatient })).status)
      }
      assert.equal(statuses.filter((status) => status === 200).length, LIMIT)
      assert.deepEqual([...new Set(statuses.slice(LIMIT))], [429])
    })

    test('in how often a password may be tried', async () => {
      await register('guessed')
      const statuses: number[] = []
      for (let i = 0; i < LOGINS + 3; i++) statuses.push((await logIn('guessed', 'wrong-wrong-wrong')).status)
      assert.deepEqual(statuses, [...Array<number>(LOGINS).fill(401), 429, 429, 429])
    })

    test('in which sessions have ended', async () => {
      const short = await register('short')
      assert.equal((await send('GET', '/tasks', { token: short })).status, 200)
      assert.equal((await send('POST', '/api/v1/auth/logout', { token: short })).status, 204)
      for (let i = 0; i < 6; i++) assert.equal((await send('GET', '/tasks', { token: short })).status, 401)
    })

    test('in a request that is sent again with its key, many times at once', async () => {
      const headers = { 'idempotency-key': 'only-once' }
      const one = () => send('POST', '/api/v1/tasks', { token, headers, body: { title: 'Once' } })
      const answers = await Promise.all(Array.from({ length: 12 }, one))
      const made = answers.filter(({ status }) => status === 201)
      assert.ok(made.length > 0)
      assert.equal(new Set(made.map(({ body }) => body.id)).size, 1)
      // While the first is under way the others may be told to come again.
      for (const { status } of answers) assert.ok([201, 409, 503].includes(status), String(status))
      assert.equal((await one()).body.id, made[0]?.body.id)
      const { body } = await send('GET', '/api/v1/tasks?q=Once', { token })
      assert.equal(body.items.length, 1)
    })

    test('in a job that one has taken and another tells of', async () => {
      const { headers, payload } = multipart('task_name\nFrom a file\n')
      const token = await register('importer')
      const project = await send('POST', '/api/v1/projects', { token, body: { name: 'Of files' } })
      const upload = await fetch(`${next()}/api/v1/imports?project_id=${project.body.id}`, {
        method: 'POST',
        headers: { ...headers, authorization: `Bearer ${token}` },
        body: payload,
      })
      assert.equal(upload.status, 202)
      const { id } = (await upload.json()) as { id: number }
      await until(
        async () => (await send('GET', `/api/v1/imports/${id}`, { token })).body.state === 'done',
        25_000,
        () => 'the import',
        1_000, // each question counts against the limit
      )
    })
  })
}
