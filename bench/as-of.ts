import type { Actor } from '../src/auth/index.ts'
import type { ProcessContext } from '../src/platform/context.ts'
import type { TaskFilter } from '../src/tasks/filter-queries.ts'
import { listTasks } from '../src/tasks/list-service.ts'
import { fillWithHistory } from './history-data.ts'
import { percentile } from './statistics.ts'
import { withDatabase } from './support.ts'

/**
 * How long does a page of 20 take as of a past day, under each filter? `--pg=15` takes the PostgreSQL of the system instead
 * of the one from npm; `--now` lists the present instead; `--keep=FOLDER` keeps the data, which takes minutes to make, for the
 * next run; `--untouched` measures on a connection that is new; a text alone measures the filters with it in their name.
 */
const TASKS = 1_000_000
const DAYS = 900
const ROUNDS = 500
const only = process.argv.slice(2).find((argument) => !argument.startsWith('--')) ?? ''
const isNow = process.argv.includes('--now')

/** The same random numbers in each run. */
let state = 42
const random = () => {
  state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
  return state / 2_147_483_648
}
const upTo = (n: number) => Math.floor(random() * n)
const dayText = (daysAgo: number) => new Date(Date.now() - daysAgo * 86_400_000).toISOString().slice(0, 10)
const pick = <T>(items: T[]) => items[upTo(items.length)] as T
const STATUSES = ['pending', 'active', 'inactive', 'completed', 'cancelled']

const admin: Actor = { id: 1, username: 'user1', role: 'admin', sessionId: '-' }
const member: Actor = { id: 500, username: 'user500', role: 'user', sessionId: '-' }

interface Case {
  name: string
  actor?: Actor
  filter(daysAgo: number): TaskFilter
}

const cases: Case[] = [
  { name: 'no filter', filter: () => ({}) },
  { name: 'status', filter: () => ({ status: [pick(STATUSES)] }) },
  {
    name: 'two statuses',
    filter: () => ({ status: [pick(STATUSES), 'active'].filter((s, i, all) => all.indexOf(s) === i) }),
  },
  { name: 'priority', filter: () => ({ priority: [pick(['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'])] }) },
  { name: 'status and priority', filter: () => ({ status: [pick(STATUSES)], priority: ['CRITICAL'] }) },
  { name: 'assigned user', filter: () => ({ assignedUser: `user${1 + upTo(1000)}` }) },
  { name: 'assigned to nobody', filter: () => ({ assignedUser: null }) },
  {
    name: 'assigned user and status',
    filter: () => ({ assignedUser: `user${1 + upTo(1000)}`, status: [pick(STATUSES)] }),
  },
  { name: 'project', filter: () => ({ projectId: 1 + upTo(60) }) },
  { name: 'project and status', filter: () => ({ projectId: 1 + upTo(60), status: [pick(STATUSES)] }) },
  { name: 'label, common to rare', filter: () => ({ labels: [`label${Math.floor(999 * random() ** 2)}`] }) },
  { name: 'label of 20 tasks', filter: () => ({ labels: ['rare'] }) },
  { name: 'label that nothing has', filter: () => ({ labels: ['nothing'] }) },
  { name: 'any of two labels', filter: () => ({ anyLabel: [`label${upTo(999)}`, `label${upTo(999)}`] }) },
  { name: 'label and status', filter: () => ({ labels: [`label${upTo(999)}`], status: [pick(STATUSES)] }) },
  { name: 'word, common to rare', filter: () => ({ text: `word${Math.floor(19_999 * random() ** 2)}` }) },
  {
    name: 'two words',
    filter: () => ({ text: `word${Math.floor(19_999 * random() ** 4)} word${Math.floor(19_999 * random() ** 4)}` }),
  },
  { name: 'word that nothing has', filter: () => ({ text: 'nothing' }) },
  { name: 'due in a week', filter: (ago) => ({ dueFrom: dayText(ago), dueTo: dayText(ago - 7) }) },
  { name: 'overdue and open', filter: (ago) => ({ dueTo: dayText(ago), status: ['pending', 'active'] }) },
  {
    name: 'created in a month',
    filter: (ago) => ({ createdFrom: { day: dayText(ago + 60) }, createdTo: { day: dayText(ago + 30) } }),
  },
  { name: 'updated in the week before', filter: (ago) => ({ updatedFrom: { day: dayText(ago + 7) } }) },
  { name: 'member: no filter', actor: member, filter: () => ({}) },
  { name: 'member: own', actor: member, filter: () => ({ assignedToMe: true }) },
  { name: 'member: status', actor: member, filter: () => ({ status: [pick(STATUSES)] }) },
  { name: 'member: project', actor: member, filter: () => ({ projectId: 1 + upTo(60) }) },
  { name: 'member: word', actor: member, filter: () => ({ text: `word${Math.floor(19_999 * random() ** 2)}` }) },
]

/** Ids go by age, so the task that so many are newer than is known. */
async function position(ctx: ProcessContext, daysAgo: number): Promise<[string, string]> {
  const then = Math.floor(TASKS * (1 - daysAgo / DAYS))
  const id = then > 250_000 ? then - 200_000 : Math.ceil(then / 2)
  const { rows } = await ctx.db.query<{ at: string }>({
    text: `select to_char(created_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at from tasks where id = $1`,
    values: [id],
  })
  return [rows[0]?.at ?? '', String(id)]
}

async function time(ctx: ProcessContext, { filter, actor = admin }: Case, isDeep: boolean): Promise<number> {
  const daysAgo = 1 + upTo(DAYS - 10)
  const after = isDeep ? await position(ctx, isNow ? 0 : daysAgo) : undefined
  const request = {
    filter: filter(isNow ? 0 : daysAgo),
    asOf: isNow ? undefined : { day: dayText(daysAgo) },
    direction: 'desc' as const,
    after,
    limit: 21,
    timeZone: 'UTC',
  }
  const started = performance.now()
  await listTasks(ctx.db, actor, request)
  return performance.now() - started
}

const ms = (value: number) => value.toFixed(2).padStart(8)

/**
 * Reads each page once, so that the server's process has it in its own address space, as one has that has run for a while: what
 * it has not costs it a page fault, some 20 microseconds.
 */
const TOUCHED = `
  select sum(get_byte(get_raw_page(oid::regclass::text, 'main', page), 0)) from pg_class,
         generate_series(0, pg_relation_size(oid) / 8192 - 1) page
   where relkind in ('r', 'i') and relname ~ '^(task|former_words|users|project)'`

// One connection: the time is the database's, and the little that Node needs to read the answer.
await withDatabase(
  { DATABASE_POOL_SIZE: '2', STATEMENT_TIMEOUT_MS: '600000' },
  async (ctx) => {
    const { rows } = await ctx.db.query<{ version: string }>({
      text: `select split_part(version(), ' ', 2) as version`,
    })
    console.log(`PostgreSQL ${rows[0]?.version}; ${TASKS} tasks with three superseded versions each`)
    await fillWithHistory(ctx)
    if (!process.argv.includes('--untouched'))
      for (const text of ['create extension if not exists pageinspect', TOUCHED]) await ctx.db.query({ text })
    const all: number[] = []
    console.log(`${''.padEnd(28)} page 1: p50      p99   page 10,000: p50      p99  (ms)`)
    for (const item of cases.filter(({ name }) => name.includes(only))) {
      const times = [[], []] as [number[], number[]]
      for (let round = -10; round < ROUNDS; round++) {
        for (const isDeep of [false, true]) {
          const taken = await time(ctx, item, isDeep)
          if (round >= 0) times[isDeep ? 1 : 0].push(taken)
        }
      }
      all.push(...times.flat())
      const [first, deep] = times
      const columns = [percentile(first, 0.5), percentile(first, 0.99), percentile(deep, 0.5), percentile(deep, 0.99)]
      console.log(`${item.name.padEnd(30)}${columns.map(ms).join(' ')}`)
    }
    console.log(`${'all'.padEnd(30)}${ms(percentile(all, 0.5))} ${ms(percentile(all, 0.99))}`)
  },
  { shared_buffers: '4GB' },
)
