import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { REQUESTS } from '../policy/requests.ts'
import { buildWorld, type World } from '../policy/world.ts'
import { type Answer, type Method, type Scope, startApp } from '../support/app.ts'
import { type DatabaseProxy, type Fault, startDatabaseProxy } from '../support/database-proxy.ts'
import { until } from '../support/process.ts'
import { effectOf, takeSnapshot } from './effects.ts'

/** Short, so that a call that hangs is given up soon. */
export const HANG_TIMEOUT_MS = 500

const TURN_MS = 20

const UNLIMITED = {
  UPLOAD_WAIT_SECONDS: '0',
  RATE_LIMIT_UPLOAD: '1000000/60',
  RATE_LIMIT_USER: '1000000/60',
  RATE_LIMIT_ADDRESS: '1000000/60',
}

export interface Failure {
  n: number
  fault: Fault
  /** Every later call fails as well: the database stays away. */
  lasting?: boolean
}

export interface Outcome {
  status: number
  answer: Answer
  /** Until it came, as the turns of this process count. */
  ms: number
  /** With a key: the answer to the same request sent once more, with nothing in its way. */
  again: Answer | undefined
  /** What the request changed, or both together. */
  effect: string
  /** The call that went wrong; empty when the request did not make that many. */
  failed: string
}

/** A world, and an application that reaches its database through a proxy. One request at a time. */
export interface Lane {
  /** Sends a fresh request of this operation as the administrator; its n-th call fails, if one is named. */
  run(operation: string, failure?: Failure, isKeyed?: boolean): Promise<Outcome>
  /** The process goes on as if nothing had happened, and nothing is left open in the database. */
  mustHaveRecovered(fault: Fault): Promise<void>
}

export async function openLane(t: Scope): Promise<Lane> {
  const world = await buildWorld(t)
  const proxy = await startDatabaseProxy(t, world.app.databaseUrl)
  const start = (env: Record<string, string>) => startApp(t, { databaseUrl: proxy.url, env: { ...UNLIMITED, ...env } })
  const usual = await start({})
  const impatient = await start({ STATEMENT_TIMEOUT_MS: String(HANG_TIMEOUT_MS) })
  const admin = world.principals.find(({ name }) => name === 'admin')
  assert.ok(admin)
  const appFor = (fault: Fault | undefined) => (fault === 'hang' ? impatient : usual)

  return {
    async run(operation, failure, isKeyed = false) {
      await evenOut(world, admin.token)
      const { url, ...request } = (await REQUESTS[operation]?.(world, admin)) ?? { url: '' }
      const headers = { ...request.headers, ...(isKeyed ? { 'idempotency-key': randomUUID() } : {}) }
      const method = operation.split(' ')[0] as Method
      const send = () => appFor(failure?.fault).send(method, url, { as: admin.token, ...request, headers })
      const before = await takeSnapshot(world.app.ctx.db)
      const watch = failNth(proxy, failure)
      const turns = startTurns()
      const answer = await send()
      const ms = turns.end()
      proxy.decide(() => undefined)
      await settle(world)
      const again = isKeyed ? await send() : undefined
      const effect = effectOf(before, await takeSnapshot(world.app.ctx.db))
      return { status: answer.status, answer, ms, again, effect, failed: watch.failed }
    },
    async mustHaveRecovered(fault) {
      const app = appFor(fault)
      const ask = () => app.send('GET', '/api/v1/users/me', { as: admin.token })
      assert.equal((await app.send('GET', '/livez')).status, 200)
      if (fault !== 'hang') {
        const { status, text } = await ask()
        return assert.equal(status, 200, `after ${fault}: ${text}`)
      }
      // A connection that was given up is replaced; on a busy machine that takes longer than the impatient one waits.
      await until(
        async () => (await ask()).status === 200,
        3_000,
        () => 'the process to go on after a call that hung',
      )
    },
  }
}

/** Milliseconds in which this process had its turns: its timers, and so its limits, are late where the machine is busy. */
function startTurns(): { end(): number } {
  let turns = 0
  const timer = setInterval(() => turns++, TURN_MS)
  return {
    end() {
      clearInterval(timer)
      return turns * TURN_MS
    },
  }
}

/** Counts the calls of requests; the queue asks for itself, in the background. */
function failNth(proxy: DatabaseProxy, failure?: Failure) {
  const watch = { failed: '' }
  let calls = 0
  proxy.decide(({ statement, application }) => {
    if (!application.startsWith('tasklog-test') || !failure) return undefined
    calls++
    if (failure.lasting ? calls < failure.n : calls !== failure.n) return undefined
    watch.failed ||= statement.replace(/\s+/g, ' ').slice(0, 80)
    return failure.fault
  })
  return watch
}

/** What a run before could change for the next one: attempts to log in, and how many sessions there are to end. */
async function evenOut({ app }: World, token: string | undefined): Promise<void> {
  const session = JSON.parse(Buffer.from(token?.split('.')[1] ?? '', 'base64url').toString()).sid
  await app.ctx.db.query({
    text: `with forgotten as (delete from login_attempts),
                ended as (delete from sessions where user_id = (select user_id from sessions where id = $1) and id <> $1)
           insert into sessions (id, user_id, secret, expires_at)
           select gen_random_uuid(), user_id, secret, expires_at from sessions where id = $1`,
    values: [session],
  })
}

/** Waits for transactions to end whose connection is gone. */
async function settle({ app }: World): Promise<void> {
  const text = `select from pg_stat_activity
                 where datname = current_database() and pid <> pg_backend_pid() and xact_start is not null
                   and application_name like 'tasklog-test%'`
  await until(
    async () => ((await app.ctx.db.query({ text })).rowCount ?? 0) === 0,
    2_000,
    () => 'every transaction to end',
  )
}
