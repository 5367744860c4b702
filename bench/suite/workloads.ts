import { randomInt } from 'node:crypto'
import type { Actor } from '../../src/auth/index.ts'
import type { Context } from '../../src/platform/context.ts'
import { encodeCursor } from '../../src/platform/cursor.ts'
import { listTasks } from '../../src/tasks/list-service.ts'
import { insertTask, updateTask } from '../../src/tasks/queries.ts'
import { getTask } from '../../src/tasks/service.ts'
import type { LoadRequest } from '../load.ts'
import { recordStatement, type Script, scriptOf } from './pgbench.ts'
import { createdAt, EPOCH_START, PASSWORD, secondsBetween, type World } from './world.ts'

/** A kind of request, and the same work as a script of pgbench. */
export interface Workload {
  /** Fresh requests each time: no question is asked twice. */
  requests(count: number): LoadRequest[]
  scripts: Script[]
}

type Kind = 'cached list' | 'uncached list' | 'one task' | 'create' | 'patch' | 'login' | 'mixed 90/10'

/** Of a hundred requests of the mixed load. */
const MIX: [kind: Kind, share: number][] = [
  ['one task', 45],
  ['uncached list', 45],
  ['create', 5],
  ['patch', 5],
]

export async function describeWorkloads(ctx: Context, world: World): Promise<Record<Kind, Workload>> {
  const [one, list, create, patch] = await recordScripts(ctx, world)
  const anyId = () => randomInt(1, world.tasks + 1)
  const get = (path: string): LoadRequest => ({ method: 'GET', path })
  const simple: Record<Exclude<Kind, 'mixed 90/10'>, { one: (i: number) => LoadRequest; sql?: string }> = {
    'cached list': { one: () => get('/api/v1/tasks') },
    'uncached list': { one: () => get(`/api/v1/tasks?cursor=${cursorAt(world, anyId())}`), sql: list },
    'one task': { one: () => get(`/api/v1/tasks/${anyId()}`), sql: one },
    create: { one: (i) => ({ method: 'POST', path: '/api/v1/tasks', body: newTitle(i) }), sql: create },
    patch: { one: (i) => ({ method: 'PATCH', path: `/api/v1/tasks/${anyId()}`, body: newTitle(i) }), sql: patch },
    login: {
      one: (i) => {
        const username = world.usernames[i % world.usernames.length]
        return { method: 'POST', path: '/login', body: JSON.stringify({ username, password: PASSWORD }) }
      },
    },
  }
  const workload = ({ one, sql }: (typeof simple)['login']): Workload => ({
    requests: (count) => Array.from({ length: count }, (_, i) => one(i)),
    scripts: sql ? [{ sql, weight: 100 }] : [],
  })
  const kinds = Object.fromEntries(Object.entries(simple).map(([kind, one]) => [kind, workload(one)]))
  return { ...(kinds as Record<keyof typeof simple, Workload>), 'mixed 90/10': mixed(simple) }
}

function mixed(simple: Record<string, { one: (i: number) => LoadRequest; sql?: string }>): Workload {
  const kinds = MIX.flatMap(([kind, share]) => Array<string>(share).fill(kind))
  return {
    requests: (count) =>
      Array.from({ length: count }, (_, i) => simple[kinds[randomInt(kinds.length)] ?? '']?.one(i) as LoadRequest),
    scripts: MIX.map(([kind, weight]) => ({ sql: simple[kind]?.sql ?? '', weight })),
  }
}

const newTitle = (i: number) => JSON.stringify({ title: `Title ${i} of ${Date.now()}` })

/** A page that begins after this task. */
function cursorAt(world: World, id: number): string {
  const position = new Date(createdAt(world, id) * 1_000).toISOString().replace('Z', '000Z')
  return encodeCursor([position, id])
}

/** Values the statements are recorded with, to be found again in them. */
const ACTOR = 7_000_001
const TASK = '7000002'
const MOMENT = '2020-01-01T00:00:00.000000Z'
const TITLE = { title: 'Recorded' }

/** The statements of the product as it sends them, with the values of each transaction in place of the recorded ones. */
async function recordScripts(ctx: Context, world: World): Promise<[string, string, string, string]> {
  const actor: Actor = { id: ACTOR, username: 'bench', role: 'user', sessionId: '' }
  const prelude = `\\set actor random(${world.firstUser}, ${world.lastUser})\n\\set id random(1, ${world.tasks})`
  const moment = `to_timestamp(${EPOCH_START} + :id * ${secondsBetween(world.tasks)})`
  const variables = new Map<unknown, string>([
    [ACTOR, ':actor::bigint'],
    [TASK, ':id::bigint'],
    [MOMENT, moment],
    [JSON.stringify(TITLE), ':fields::jsonb'],
  ])
  const page = { filter: {}, direction: 'desc', after: [MOMENT, TASK], limit: 21, timeZone: 'UTC' } as const
  const works: ((ctx: Context) => Promise<unknown>)[] = [
    (ctx) => getTask(ctx, actor, TASK),
    (ctx) => listTasks(ctx.db, actor, { ...page, after: [...page.after] }),
    (ctx) => insertTask(ctx.db, actor, TITLE),
    (ctx) => updateTask(ctx.db, actor, TASK, TITLE, null),
  ]
  const record = async (work: (typeof works)[number]) => scriptOf(await recordStatement(ctx, work), prelude, variables)
  return (await Promise.all(works.map(record))) as [string, string, string, string]
}
