import { PASSWORD } from '../support/app.ts'
import { credentials, csv, type Principal, type Request, sessionOf, type World } from './world.ts'

type Build = (world: World, principal: Principal) => Promise<Request>

const v1 = '/api/v1'
const at =
  (url: string, body?: unknown): Build =>
  async () => ({ url, body })
const atProject =
  (rest: string, body?: unknown): Build =>
  async ({ projectId }) => ({ url: `${v1}/projects/${projectId}${rest}`, body })
const atTask =
  (prefix: string, body?: unknown): Build =>
  async ({ makeTask }) => ({ url: `${prefix}/${await makeTask()}`, body })
const atMember =
  (body?: unknown): Build =>
  async ({ projectId, makeMember }) => ({ url: `${v1}/projects/${projectId}/members/${(await makeMember()).id}`, body })
const atUser =
  (rest: string, body?: unknown): Build =>
  async ({ makeUser }) => ({ url: `${v1}/users/${(await makeUser()).id}${rest}`, body })
const atImport =
  (rest: string, state = 'done'): Build =>
  async ({ makeImport }) => ({ url: `${v1}/imports/${await makeImport(state)}${rest}` })
const register =
  (url: string): Build =>
  async ({ freshName }) => ({ url, body: credentials(freshName()) })

/** A session to be used up by the request: the principal's, or for nobody's one that is as bad. */
const withOwnSession = async (world: World, principal: Principal) =>
  principal.column === 'nobody' ? undefined : world.openSession(principal)

/** A task in its second version. */
async function makeChangedTask({ app, principals, makeTask }: World): Promise<number> {
  const id = await makeTask()
  const as = principals.find(({ column }) => column === 'maintainer')?.token
  await app.send('PATCH', `${v1}/tasks/${id}`, { as, body: { title: 'Changed' } })
  return id
}

/**
 * A valid request of every operation, which changes something unless it is a GET; on something of its own where the
 * operation uses it up.
 */
export const REQUESTS: Record<string, Build> = {
  'POST /api/v1/auth/register': register(`${v1}/auth/register`),
  'POST /api/v1/auth/login': at(`${v1}/auth/login`, credentials('otto')),
  'POST /api/v1/auth/refresh': async ({ app }) => ({
    url: `${v1}/auth/refresh`,
    body: { refresh_token: (await app.login('vera')).refreshToken },
  }),
  'POST /api/v1/auth/logout': async (world, principal) => ({
    url: `${v1}/auth/logout`,
    as: (await withOwnSession(world, principal)) ?? principal.token,
  }),
  // The same password again: the sessions that ask stay alive.
  'POST /api/v1/auth/password': at(`${v1}/auth/password`, { current_password: PASSWORD, new_password: PASSWORD }),
  'POST /api/v1/auth/downloads': at(`${v1}/auth/downloads`, { path: `${v1}/tasks.csv` }),
  'GET /api/v1/auth/sessions': at(`${v1}/auth/sessions`),
  'DELETE /api/v1/auth/sessions/{id}': async (world, principal) => {
    const session = (await withOwnSession(world, principal)) ?? (await world.app.login('otto'))
    return { url: `${v1}/auth/sessions/${sessionOf(session.token)}` }
  },

  'GET /api/v1/users/me': at(`${v1}/users/me`),
  'GET /api/v1/users': at(`${v1}/users`),
  'POST /api/v1/users': register(`${v1}/users`),
  'GET /api/v1/users/{id}': atUser(''),
  'PATCH /api/v1/users/{id}': atUser('', { role: 'admin' }),
  'POST /api/v1/users/{id}/disable': atUser('/disable'),
  'POST /api/v1/users/{id}/enable': async ({ app, makeUser }) => {
    const { id } = await makeUser()
    await app.ctx.db.query({ text: 'update users set disabled_at = now() where id = $1', values: [id] })
    return { url: `${v1}/users/${id}/enable` }
  },

  'GET /api/v1/projects': at(`${v1}/projects`),
  'POST /api/v1/projects': async ({ freshName }) => ({ url: `${v1}/projects`, body: { name: freshName() } }),
  'GET /api/v1/projects/{id}': atProject(''),
  'PATCH /api/v1/projects/{id}': async ({ projectId, freshName }) => ({
    url: `${v1}/projects/${projectId}`,
    body: { name: freshName() },
  }),
  'GET /api/v1/projects/{id}/members': atProject('/members'),
  'POST /api/v1/projects/{id}/members': async ({ projectId, makeUser }) => ({
    url: `${v1}/projects/${projectId}/members`,
    body: { username: (await makeUser()).username, role: 'viewer' },
  }),
  'PATCH /api/v1/projects/{id}/members/{user_id}': atMember({ role: 'contributor' }),
  'DELETE /api/v1/projects/{id}/members/{user_id}': atMember(),

  'GET /api/v1/tasks': at(`${v1}/tasks`),
  'GET /api/v1/tasks/count': at(`${v1}/tasks/count`),
  'GET /api/v1/labels': at(`${v1}/labels`),
  'GET /api/v1/assignees': at(`${v1}/assignees`),
  'GET /api/v1/tasks.csv': at(`${v1}/tasks.csv`),
  'GET /api/v1/tasks.ndjson': at(`${v1}/tasks.ndjson`),
  'GET /api/v1/tasks.xlsx': at(`${v1}/tasks.xlsx`),
  'POST /api/v1/tasks': async ({ projectId }) => ({
    url: `${v1}/tasks`,
    body: { title: 'Feed the cat', project_id: projectId },
  }),
  'GET /api/v1/tasks/{id}': atTask(`${v1}/tasks`),
  'PATCH /api/v1/tasks/{id}': atTask(`${v1}/tasks`, { title: 'Changed' }),
  'DELETE /api/v1/tasks/{id}': atTask(`${v1}/tasks`),
  'PATCH /api/v1/tasks': async ({ makeTask }) => ({
    url: `${v1}/tasks`,
    body: { ids: [await makeTask()], changes: { title: 'Changed' } },
  }),
  'DELETE /api/v1/tasks': async ({ makeTask }) => ({ url: `${v1}/tasks`, body: { ids: [await makeTask()] } }),
  'POST /api/v1/tasks/undo': async (world) => ({
    url: `${v1}/tasks/undo`,
    body: { changed: [{ id: await makeChangedTask(world), version: 2 }] },
  }),
  'GET /api/v1/trash': at(`${v1}/trash`),
  'POST /api/v1/tasks/{id}/restore': async ({ makeTrash }) => ({
    url: `${v1}/tasks/${(await makeTrash()).id}/restore`,
  }),
  'POST /api/v1/trash/restore': async ({ makeTrash }) => ({
    url: `${v1}/trash/restore`,
    body: { deletion_id: (await makeTrash()).deletionId },
  }),

  'GET /api/v1/tasks/{id}/history': async ({ makeTask }) => ({ url: `${v1}/tasks/${await makeTask()}/history` }),
  'POST /api/v1/tasks/{id}/revert': async (world) => ({
    url: `${v1}/tasks/${await makeChangedTask(world)}/revert`,
    body: { version: 1 },
  }),
  'GET /api/v1/task-log': at(`${v1}/task-log`),

  'GET /api/v1/imports': at(`${v1}/imports`),
  'POST /api/v1/imports': async ({ projectId, freshName }) => ({
    url: `${v1}/imports?project_id=${projectId}`,
    payload: `title\n${freshName()}\n`,
    headers: { 'content-type': 'text/csv' },
  }),
  'PUT /api/v1/imports': async ({ projectId, freshName }) => ({
    url: `${v1}/imports?project_id=${projectId}`,
    payload: `title\n${freshName()}\n`,
  }),
  'POST /api/v1/imports/preview': async ({ projectId }) => ({
    url: `${v1}/imports/preview`,
    body: { project_id: projectId, sample: Buffer.from('title\nFeed the cat\n').toString('base64') },
  }),
  'GET /api/v1/imports/{id}': atImport(''),
  'GET /api/v1/imports/{id}/errors': atImport('/errors'),
  'GET /api/v1/imports/{id}/rejected.csv': atImport('/rejected.csv'),
  'GET /api/v1/imports/{id}/progress': atImport('/progress'),
  'GET /api/v1/imports/{id}/undo': atImport('/undo'),
  'POST /api/v1/imports/{id}/commit': atImport('/commit', 'ready'),
  'POST /api/v1/imports/{id}/cancel': atImport('/cancel', 'merging'),
  'POST /api/v1/imports/{id}/undo': atImport('/undo'),

  'GET /api/v1/overview': at(`${v1}/overview`),
  'GET /api/v1/overview/periods': at(`${v1}/overview/periods`),

  'GET /api/v1/jobs': at(`${v1}/jobs`),
  'POST /api/v1/jobs/{id}/retry': async ({ makeJob }) => ({ url: `${v1}/jobs/${await makeJob('failed')}/retry` }),
  'POST /api/v1/jobs/{id}/cancel': async ({ makeJob }) => ({ url: `${v1}/jobs/${await makeJob('created')}/cancel` }),

  'POST /register': register('/register'),
  'POST /login': at('/login', credentials('otto')),
  'POST /task': at('/task', { title: 'Feed the dog' }),
  'PUT /task/{id}': atTask('/task', { title: 'Changed' }),
  'DELETE /task/{id}': atTask('/task'),
  'GET /task/{id}': atTask('/task'),
  'GET /tasks': at('/tasks'),
  'POST /upload-csv': async () => ({ url: '/upload-csv', ...csv() }),
}
