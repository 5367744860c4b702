import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createApp } from '../src/app.ts'
import type { Actor } from '../src/auth/index.ts'
import type { ProcessContext } from '../src/platform/context.ts'
import { updateTask } from '../src/tasks/queries.ts'
import { median } from './statistics.ts'
import { argument, withDatabase } from './support.ts'

/**
 * What it costs that the database writes history: `node scripts/launch.mjs bench/history-cost.ts [rounds] [seconds]`; or what
 * another trigger of `tasks` costs, whose name is the third argument. The same statements on the same table, in turns with the
 * trigger and without, vacuumed before each turn: PATCH of one task over HTTP by 8 and by 32 clients, its statement alone at 1
 * connection and at 8, the processor time it takes the server (Linux only), and one bare UPDATE of 100,000 tasks; `--only=TEXT` for those
 * with it in their name. Clients, API and database share the machine.
 */
const [given, only = ''] = [process.argv.slice(2).filter((a) => !a.startsWith('--')), argument('--only=')]
const rounds = Number(given[0] ?? 5)
const seconds = Number(given[1] ?? 4)
const triggers = given[2] ? [given[2]] : ['tasks_history', 'tasks_history_of_many']
const TASKS = 200_000
const BULK = 100_000
const STATUSES = ['pending', 'active', 'completed']
const WAYS = ['without', 'with'] as const

type Way = (typeof WAYS)[number]
type Ratio = (bare: number, kept: number) => number
type Changer = (id: number, to: Change) => Promise<boolean>

/** Counts the changes, so that each has a task and a status of its own. */
let turn = 0

const SETTINGS = { DATABASE_POOL_SIZE: '8', STATEMENT_TIMEOUT_MS: '600000', RATE_LIMIT_USER: '100000000/60' }

await withDatabase(SETTINGS, async (ctx) => {
  const actor = await fill(ctx)
  const api = await listen(ctx, actor)
  const cost = (bare: number, kept: number) => 1 - kept / bare
  const times = (bare: number, kept: number) => kept / bare
  const change: Changer = async (id, to) => !!(await updateTask(ctx.db, actor, String(id), to, null))
  for (const clients of [8, 32]) {
    const measure = () => changing(clients, (id, to) => patch(api, id, to))
    await compare(ctx, `PATCH over HTTP, ${clients} clients, a second`, measure, cost)
  }
  for (const connections of [1, 8])
    await compare(ctx, `statement, ${connections} connection(s), a second`, () => changing(connections, change), cost)
  if (process.platform === 'linux')
    await compare(ctx, 'processor of the server, microseconds a change', () => processorTime(ctx, actor), times)
  await compare(ctx, `${BULK} in one statement, milliseconds`, () => changeAtOnce(ctx), times)
  await api.close()
})

/** Measures each way once a round, in an order that changes from round to round. */
async function inTurns(ctx: ProcessContext, measure: () => Promise<number>): Promise<Record<Way, number[]>> {
  const results: Record<Way, number[]> = { without: [], with: [] }
  for (let round = 0; round <= rounds; round++) {
    for (const way of round % 2 === 0 ? WAYS : WAYS.toReversed()) {
      for (const trigger of triggers)
        await run(ctx, `alter table tasks ${way === 'with' ? 'enable' : 'disable'} trigger ${trigger}`)
      await run(ctx, 'vacuum tasks')
      await run(ctx, 'checkpoint')
      const result = await measure()
      // The first round warms up.
      if (round > 0) results[way].push(result)
    }
  }
  return results
}

/** Prints what it takes with the trigger and without, if it is asked for. */
async function compare(ctx: ProcessContext, what: string, measure: () => Promise<number>, ratioOf: Ratio) {
  if (!what.includes(only)) return
  const { without, with: kept } = await inTurns(ctx, measure)
  // Of neighbours in time: on a busy machine the two medians may come from different minutes.
  const ratios = without.map((bare, round) => ratioOf(bare, kept[round] ?? bare))
  const shown = ratios.map((ratio) => ratio.toFixed(2)).join(' ')
  console.log(
    `${what}: without ${Math.round(median(without))}, with ${Math.round(median(kept))}: ${median(ratios).toFixed(3)}`,
  )
  console.log(
    `  without: ${without.map(Math.round).join(' ')}\n  with: ${kept.map(Math.round).join(' ')}\n  ratios: ${shown}`,
  )
}

interface Change {
  status: string
  priority: string
}

/** @returns a change, and what it is a change of: each task gets another status each time it is its turn again */
function nextChange(): { id: number; change: Change } {
  // Far apart, as requests are.
  const id = 1 + ((turn * 7_919) % TASKS)
  const status = STATUSES[(Math.floor(turn / TASKS) * 2 + turn) % 3] as string
  turn++
  return { id, change: { status, priority: turn % 2 ? 'LOW' : 'HIGH' } }
}

/** @returns changes a second */
async function changing(clients: number, change: Changer): Promise<number> {
  const started = performance.now()
  const until = started + seconds * 1_000
  let done = 0
  const client = async () => {
    while (performance.now() < until) {
      const next = nextChange()
      if (!(await change(next.id, next.change))) throw new Error('nothing was changed')
      done++
    }
  }
  await Promise.all(Array.from({ length: clients }, client))
  return (done * 1_000) / (performance.now() - started)
}

/**
 * A rate tells what the machine had left; this tells what a change takes. Without commits.
 *
 * @returns microseconds of user and system time of the session for each of 5,000 changes in one transaction
 */
function processorTime(ctx: ProcessContext, actor: Actor): Promise<number> {
  const CHANGES = 5_000
  return ctx.db.transaction(async (tx) => {
    const { rows } = await tx.query<{ pid: number }>({ text: 'select pg_backend_pid() as pid' })
    // The first number of schedstat: nanoseconds on a processor.
    const taken = () => Number(readFileSync(`/proc/${rows[0]?.pid}/schedstat`, 'utf8').split(' ')[0]) / 1_000
    const before = taken()
    for (let i = 0; i < CHANGES; i++) {
      const { id, change } = nextChange()
      if (!(await updateTask(tx, actor, String(id), change, null))) throw new Error('nothing was changed')
    }
    return (taken() - before) / CHANGES
  })
}

interface Api {
  port: number
  token: string
  agent: Agent
  close(): Promise<void>
}

async function listen(ctx: ProcessContext, actor: Actor): Promise<Api> {
  const { http, auth } = await createApp(ctx)
  await http.listen({ host: '127.0.0.1', port: 0 })
  const client = { address: '127.0.0.1', userAgent: 'bench' }
  const { access_token } = await auth.openSession(ctx.db, { ...actor, password_hash: 'none' }, client)
  const agent = new Agent({ keepAlive: true })
  const close = async () => {
    agent.destroy()
    await http.close()
  }
  return { port: (http.server.address() as AddressInfo).port, token: access_token, agent, close }
}

function patch({ port, token, agent }: Api, id: number, change: Change): Promise<boolean> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  return new Promise((resolve, reject) => {
    request({ port, agent, method: 'PATCH', path: `/api/v1/tasks/${id}`, headers }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode === 200))
    })
      .on('error', reject)
      .end(JSON.stringify(change))
  })
}

/** As the product's statements over many tasks do: they say so. */
function changeAtOnce(ctx: ProcessContext): Promise<number> {
  return ctx.db.transaction(async (tx) => {
    await tx.query({ text: `select set_config('tasklog.many_rows', 'on', true)` })
    const started = performance.now()
    await tx.query({
      text: `update tasks set priority = case priority when 'LOW' then 'HIGH' else 'LOW' end, version = version + 1,
                    updated_at = clock_timestamp(),
                    valid_from = greatest(clock_timestamp(), valid_from + interval '1 microsecond')
              where id <= ${BULK}`,
    })
    return performance.now() - started
  })
}

async function run(ctx: ProcessContext, text: string): Promise<void> {
  await ctx.db.query({ text })
}

/** 20 projects, 50 people; half of the tasks have labels, all have words. @returns who may change every task */
async function fill(ctx: ProcessContext): Promise<Actor> {
  await run(
    ctx,
    `insert into users (username, password_hash) select 'user_' || i, 'none' from generate_series(1, 50) i`,
  )
  await run(ctx, `insert into projects (name) select 'Project ' || i from generate_series(1, 20) i`)
  await run(
    ctx,
    `insert into project_members (project_id, user_id, role)
     select p.id, u.id, case u.id when 1 then 'maintainer' else 'contributor' end from projects p, users u
     on conflict do nothing`,
  )
  await run(
    ctx,
    `insert into tasks (project_id, title, description, status, priority, labels, assigned_user_id, created_by, created_at,
                        updated_at, valid_from, changed_by)
     select 2 + i % 20, 'Task number ' || i, 'Words of task ' || md5(i::text), 'pending', 'MEDIUM',
            case when i % 2 = 0 then array['label' || i % 40] else '{}' end, 1 + i % 50, 1 + i % 50, at, at, at, 1
       from generate_series(1, ${TASKS}) i, lateral (select now() - make_interval(mins => ${TASKS} - i) as at) moments`,
  )
  await run(ctx, 'select ensure_history_partitions(1)')
  await run(ctx, 'vacuum analyze tasks')
  return { id: 1, username: 'user_1', role: 'user', sessionId: '' }
}
