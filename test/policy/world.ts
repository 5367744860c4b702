import { Tokens } from '../../src/auth/tokens.ts'
import { plantJob } from '../background/plant-job.ts'
import {
  multipart,
  PASSWORD,
  type Person,
  type Scope,
  type SendOptions,
  startApp,
  type TestApp,
} from '../support/app.ts'
import type { Expected } from './expectations.ts'

/** Somebody who sends requests: the column of the table they stand in, and their token. */
export interface Principal {
  name: string
  column: keyof Expected
  token: string | undefined
}

/** One project with a member of each kind and a task of the owner. */
export interface World {
  app: TestApp
  principals: Principal[]
  projectId: number
  /** An import of one row into the project, by an administrator. */
  makeImport(state: string): Promise<number>
  /** A user made for one request, straight in the table: with a session, but nobody has its token. */
  makeUser(): Promise<{ id: number; username: string }>
  makeMember(): Promise<{ id: number; username: string }>
  /** A task of the owner, in the project. */
  makeTask(): Promise<number>
  /** The same, deleted by its owner. */
  makeTrash(): Promise<{ id: number; deletionId: string }>
  /** A background job in this state, that no worker takes. */
  makeJob(state: string): Promise<string>
  freshName(): string
  /** Another session of whoever this is. */
  openSession(principal: Principal): Promise<Person>
}

export interface Request extends SendOptions {
  url: string
}

export async function buildWorld(t: Scope): Promise<World> {
  const app = await startApp(t, { env: { UPLOAD_WAIT_SECONDS: '0' } })
  const people = {
    outsider: await app.person('otto'),
    viewer: await app.person('vera'),
    contributor: await app.person('carl'),
    owner: await app.person('olga'),
    maintainer: await app.person('mia'),
    admin: await app.person('ada', 'admin'),
  }
  const { owner, maintainer, admin } = people
  const project = await app.send('POST', '/api/v1/projects', { as: maintainer, body: { name: 'Apollo' } })
  const projectId = project.body.id as number
  for (const [role, person] of [
    ['viewer', people.viewer],
    ['contributor', people.contributor],
    ['contributor', owner],
  ] as const) {
    const body = { username: person.username, role }
    await app.send('POST', `/api/v1/projects/${projectId}/members`, { as: maintainer, body })
  }
  let counter = 0
  const freshName = () => `fresh_${++counter}`
  const one = async (text: string, values: unknown[]) => {
    const { rows } = await app.ctx.db.query<{ id: number }>({ text, values })
    return rows[0]?.id ?? 0
  }
  const makeUser = async () => {
    const username = freshName()
    const text = `with u as (insert into users (username, password_hash) values ($1, 'none') returning id)
                  insert into sessions (id, user_id, secret, expires_at)
                  select gen_random_uuid(), id, '', now() + interval '1 day' from u returning user_id as id`
    return { username, id: await one(text, [username]) }
  }
  const makeTask = async (): Promise<number> => {
    const body = { title: 'Water the plants', project_id: projectId }
    return (await app.send('POST', '/api/v1/tasks', { as: owner, body })).body.id
  }
  return {
    app,
    projectId,
    principals: [
      ...Object.entries(people).map(([name, { token }]) => ({ name, column: name as keyof Expected, token })),
      ...(await nobodies(app, admin)).map((nobody) => ({ ...nobody, column: 'nobody' as const })),
    ],
    makeImport: (state) =>
      one(
        `insert into imports (project_id, created_by, state, dry_run, rows, created) values ($1, $2, $3, $4, 1, 1)
         returning id`,
        [projectId, admin.id, state, state === 'ready'],
      ),
    makeUser,
    async makeMember() {
      const user = await makeUser()
      const text = `insert into project_members (project_id, user_id, role) values ($1, $2, 'viewer') returning user_id as id`
      await one(text, [projectId, user.id])
      return user
    },
    makeTask,
    async makeTrash() {
      const id = await makeTask()
      const { body } = await app.send('DELETE', '/api/v1/tasks', { as: owner, body: { ids: [id] } })
      return { id, deletionId: body.deletion_id }
    },
    makeJob: (state) => plantJob(app, { state }),
    freshName,
    openSession: ({ name }) => app.login(people[name as keyof typeof people].username),
  }
}

/** Each was an administrator's once: only what is wrong with the token stands in the way. */
async function nobodies(app: TestApp, admin: Person) {
  const ended = await app.login(admin.username)
  await app.send('POST', '/api/v1/auth/logout', { as: ended })
  const disabled = await app.person('dora', 'admin')
  // Disabling also ends sessions; here the mark alone has to do.
  await app.ctx.db.query({ text: 'update users set disabled_at = now() where id = $1', values: [disabled.id] })
  const expired = new Tokens(app.ctx.config.jwtSecretKey ?? '', undefined, -1)
  return [
    { name: 'anonymous', token: undefined },
    { name: 'disabled user', token: disabled.token },
    { name: 'expired token', token: (await expired.signAccess(admin.id, sessionOf(admin.token))).token },
    { name: 'ended session', token: ended.token },
    { name: 'refresh token as access token', token: admin.refreshToken },
  ]
}

export function sessionOf(token: string): string {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).sid
}

export const csv = () => multipart('task_name,description,status,priority,created_at,assigned_user\n')
export const credentials = (username: string) => ({ username, password: PASSWORD })
