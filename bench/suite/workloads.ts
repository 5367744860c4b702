import { randomInt } from 'node:crypto'
import type { Actor } from '../../src/auth/index.ts'
import type { Context } from '../../src/platform/context.ts'
import { encodeCursor } from '../../src/platform/cursor.ts'
import { taskPredicate } from '../../src/projects/index.ts'
import type { TaskPageRequest } from '../../src/tasks/list-queries.ts'
import { listTasks } from '../../src/tasks/list-service.ts'
import { insertTask, updateTask } from '../../src/tasks/queries.ts'
import { TASK_JSON, TASK_PEOPLE } from '../../src/tasks/task-json.ts'
import type { LoadRequest } from '../load.ts'
import { recordStatement, type Script, scriptOf } from './pgbench.ts'
import { createdAt, EPOCH_START, PASSWORD, secondsBetween, type World } from './world.ts'

/** A kind of request, and the same work as a script of pgbench. */
export interface Workload {
  /** Fresh requests each time: no question is asked twice. */
  requests(count: number): LoadRequest[]
  scripts: Script[]
}

interface Kind {
  ask(i: number): LoadRequest
  sql?: string
}

/** By the names they have in the table. */
export async function describeWorkloads(ctx: Context, world: World) {
  const sql = await recordScripts(ctx, world)
  const anyId = () => randomInt(1, world.tasks + 1)
  const get = (path: string): LoadRequest => ({ method: 'GET', path })
  const firstPage: Kind = { ask: () => get('/api/v1/tasks') }
  const page: Kind = { ask: () => get(`/api/v1/tasks?cursor=${cursorAt(world, anyId())}`), sql: sql.list }
  const one: Kind = { ask: () => get(`/api/v1/tasks/${anyId()}`), sql: sql.one }
  const create: Kind = {
    ask: (i) => ({ method: 'POST', path: '/api/v1/tasks', body: newTitle(i) }),
    sql: sql.create,
  }
  const patch: Kind = {
    ask: (i) => ({ method: 'PATCH', path: `/api/v1/tasks/${anyId()}`, body: newTitle(i) }),
    sql: sql.patch,
  }
  const login: Kind = {
    ask: (i) => {
      const username = world.usernames[i % world.usernames.length]
      return { method: 'POST', path: '/login', body: JSON.stringify({ username, password: PASSWORD }) }
    },
  }
  return {
    'cached list': mix([100, firstPage]),
    'uncached list': mix([100, page]),
    'one task': mix([100, one]),
    create: mix([100, create]),
    patch: mix([100, patch]),
    login: mix([100, login]),
    'mixed 90/10': mix([45, one], [45, page], [5, create], [5, patch]),
  }
}

function mix(...parts: [share: number, kind: Kind][]): Workload {
  const lots = parts.flatMap(([share, kind]) => Array<Kind>(share).fill(kind))
  return {
    requests: (count) => Array.from({ length: count }, (_, i) => (lots[randomInt(lots.length)] as Kind).ask(i)),
    scripts: parts.flatMap(([weight, { sql }]) => (sql ? [{ sql, weight }] : [])),
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
async function recordScripts(ctx: Context, world: World) {
  const actor: Actor = { id: ACTOR, username: 'bench', role: 'user', sessionId: '' }
  const prelude = `\\set actor random(${world.firstUser}, ${world.lastUser})\n\\set id random(1, ${world.tasks})`
  const variables = new Map<unknown, string>([
    [ACTOR, ':actor::bigint'],
    [TASK, ':id::bigint'],
    [MOMENT, `to_timestamp(${EPOCH_START} + :id * ${secondsBetween(world.tasks)})`],
    [JSON.stringify(TITLE), ':fields::jsonb'],
  ])
  const record = async (work: (ctx: Context) => Promise<unknown>) =>
    scriptOf(await recordStatement(ctx, work), prelude, variables)
  const page: TaskPageRequest = { filter: {}, direction: 'desc', after: [MOMENT, TASK], limit: 21, timeZone: 'UTC' }
  return {
    one: scriptOf(oneTask(actor), prelude, variables),
    list: await record((ctx) => listTasks(ctx.db, actor, page)),
    create: await record((ctx) => insertTask(ctx.db, actor, TITLE)),
    patch: await record((ctx) => updateTask(ctx.db, actor, TASK, TITLE, null)),
  }
}

/** The product asks for those that come together in one statement; this is how one would ask for one alone. */
const oneTask = (actor: Actor) => ({
  text: `select t.id, t.version, ${TASK_JSON} as json from tasks t ${TASK_PEOPLE}
          where t.id = $2 and t.deleted_at is null and ${taskPredicate(actor, 'read', 't')}`,
  values: [ACTOR, TASK],
})
