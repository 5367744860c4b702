import { type Answer, type Person, type Scope, startApp, type TestApp, type TestOptions } from '../support/app.ts'

export const v1 = '/api/v1'

// biome-ignore lint/suspicious/noExplicitAny: tests look into rows of every shape
type Row = any

/** What a task can be made with, every field of it. */
export const FULL_TASK = {
  ...{ title: 'Before', description: 'As it was', status: 'active', priority: 'HIGH', labels: ['a', 'b'] },
  ...{ due_date: '2030-05-06', assigned_user: 'carl', external_id: 'ERP-1' },
}

/** People and a project to write task tests with. */
export interface Team {
  app: TestApp
  admin: Person
  /** Maintainer of the project. */
  mia: Person
  /** Contributors of the project. */
  olga: Person
  carl: Person
  /** Not a member. */
  otto: Person
  project: number
  newProject(name: string, maintainer?: Person): Promise<number>
  join(project: number, person: Person, role: string): Promise<Answer>
  create(as: Person, body?: object): Promise<Answer>
  /** @returns the id of a task made by Olga, unless somebody else is named */
  make(as?: Person, body?: object): Promise<number>
  read(as: Person, id: number): Promise<Answer>
  patch(as: Person, id: number, body: object, ifMatch?: string): Promise<Answer>
  remove(as: Person, id: number, ifMatch?: string): Promise<Answer>
  /** Past the API. @returns the rows */
  sql(text: string, ...values: unknown[]): Promise<Row[]>
  /** How many superseded states the database keeps of a task. */
  versions(id: number): Promise<number>
}

export async function buildTeam(t: Scope, options?: TestOptions): Promise<Team> {
  const app = await startApp(t, options)
  const [admin, mia, olga, carl, otto] = [
    await app.person('ada', 'admin'),
    await app.person('mia'),
    await app.person('olga'),
    await app.person('carl'),
    await app.person('otto'),
  ]
  const newProject = async (name: string, maintainer = mia) =>
    (await app.send('POST', `${v1}/projects`, { as: maintainer, body: { name } })).body.id as number
  const join = (project: number, { username }: Person, role: string) =>
    app.send('POST', `${v1}/projects/${project}/members`, { as: admin, body: { username, role } })
  const project = await newProject('Apollo')
  for (const person of [olga, carl]) await join(project, person, 'contributor')
  const ifMatch = (etag?: string) => (etag === undefined ? undefined : { 'if-match': etag })
  const create: Team['create'] = (as, body) =>
    app.send('POST', `${v1}/tasks`, { as, body: { title: 'Water the plants', project_id: project, ...body } })
  const sql: Team['sql'] = async (text, ...values) => (await app.ctx.db.query<Row>({ text, values })).rows
  return {
    ...{ app, admin, mia, olga, carl, otto, project, newProject, join, create, sql },
    make: async (as = olga, body) => (await create(as, body)).body.id,
    read: (as, id) => app.send('GET', `${v1}/tasks/${id}`, { as }),
    patch: (as, id, body, etag) => app.send('PATCH', `${v1}/tasks/${id}`, { as, body, headers: ifMatch(etag) }),
    remove: (as, id, etag) => app.send('DELETE', `${v1}/tasks/${id}`, { as, headers: ifMatch(etag) }),
    async versions(id) {
      return (await sql('select count(*) as n from task_versions where task_id = $1', id))[0].n
    },
  }
}
