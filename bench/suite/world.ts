import { createApp } from '../../src/app.ts'
import type { ProcessContext } from '../../src/platform/context.ts'

/** What the workloads ask about: users with a session each, and tasks whose time of making follows from their id. */
export interface World {
  tasks: number
  /** Ids of the users, one after the other. */
  firstUser: number
  lastUser: number
  usernames: string[]
  tokens: string[]
}

export const PASSWORD = 'quiet-otter-laughs'
const USERS = 32
const START = Date.UTC(2025, 0, 1) / 1_000

/** Seconds since the epoch. Tasks are spread over a year, each in a second of its own. */
export const createdAt = (world: Pick<World, 'tasks'>, id: number) => START + id * secondsBetween(world.tasks)
export const secondsBetween = (tasks: number) => Math.max(1, Math.floor(31_000_000 / tasks))
export const EPOCH_START = START

/** Users who may change every task of the one project all are in, and `tasks` tasks there. */
export async function buildWorld(ctx: ProcessContext, tasks: number): Promise<World> {
  const { http, auth } = await createApp(ctx)
  const usernames = Array.from({ length: USERS }, (_, i) => `bench-${i}`)
  const tokens: string[] = []
  const ids: number[] = []
  for (const username of usernames) {
    const client = { address: '127.0.0.1', userAgent: 'bench' }
    const { id } = await auth.createUser({ username, password: PASSWORD }, 'user')
    const session = await auth.openSession(ctx.db, await auth.checkCredentials(username, PASSWORD, client), client)
    ids.push(id)
    tokens.push(session.access_token)
  }
  await http.close()
  const [firstUser = 0, lastUser = 0] = [ids[0], ids.at(-1)]
  await ctx.db.session(async (session) => {
    for (const text of statements(tasks, firstUser)) await session.query({ text })
  })
  return { tasks, firstUser, lastUser, usernames, tokens }
}

const statements = (tasks: number, firstUser: number) => [
  `update project_members set role = 'maintainer' where user_id >= ${firstUser}`,
  'alter table tasks disable trigger user',
  `insert into tasks (id, project_id, title, description, status, priority, labels, due_date, assigned_user_id,
                      created_by, created_at, updated_at, valid_from, changed_by)
   overriding system value
   select g, (select id from projects where is_default), 'Task ' || g || ' of the list',
          'Words about task ' || g || ', as many as people write when they have a minute: what, why, until when.',
          (array['pending', 'active', 'completed'])[1 + g % 3], (array['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'])[1 + g % 4],
          array['label' || g % 50], date '2026-01-01' + g % 300, ${firstUser} + g % ${USERS}, ${firstUser} + g % 7, at, at, at,
          ${firstUser}
     from generate_series(1, ${tasks}) g, lateral (select to_timestamp(${START} + g * ${secondsBetween(tasks)}) as at) moment`,
  'alter table tasks enable trigger user',
  `select setval(pg_get_serial_sequence('tasks', 'id'), ${tasks + 1})`,
  'vacuum analyze tasks',
  'checkpoint',
]
