import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { type Answer, CleanupStack, type Method } from '../support/app.ts'
import { checksum } from '../support/database.ts'
import { readOperations } from '../support/openapi.ts'
import { assertProblem } from '../support/problem.ts'
import { EXPECTATIONS, UNDOCUMENTED } from './expectations.ts'
import { REQUESTS } from './requests.ts'
import { buildWorld, type Principal, type World } from './world.ts'

/** What a ticket in a cookie opens as well as a token. */
const DOWNLOADS = [
  ...['csv', 'ndjson', 'xlsx'].map((ending) => `GET /api/v1/tasks.${ending}`),
  'GET /api/v1/imports/{id}/rejected.csv',
]

describe('who may do what', () => {
  const cleanup = new CleanupStack()
  let world: World
  /** Operation to the statuses it may answer. */
  let documented: Record<string, string[]>

  before(async () => {
    world = await buildWorld(cleanup)
    documented = Object.fromEntries((await readOperations(world.app)).map(({ name, statuses }) => [name, statuses]))
  })
  after(() => cleanup.run())

  test('every operation of the API document has a row in the table, and every row an operation', async () => {
    assert.deepEqual(Object.keys(documented).sort(), Object.keys(EXPECTATIONS).sort())
    assert.deepEqual(Object.keys(REQUESTS).sort(), Object.keys(EXPECTATIONS).sort())
  })

  test('every route of the server is in the API document, but for those listed', async () => {
    const documented = new Set(Object.keys(EXPECTATIONS).map((operation) => operation.split(' ')[1] ?? ''))
    for (const route of routesOf(world.app.app.http.printRoutes({ commonPrefix: false }))) {
      const isListed = UNDOCUMENTED.some((prefix) => route === prefix || route.startsWith(`${prefix}/`))
      assert.ok(isListed || documented.has(route.replaceAll(/:(\w+)/g, '{$1}')), `${route} is not documented`)
    }
  })

  test('the API document says of every operation whether it needs a token', async () => {
    const { body } = await world.app.send('GET', '/openapi.json')
    for (const [operation, { nobody }] of Object.entries(EXPECTATIONS)) {
      const [method = '', path = ''] = operation.split(' ')
      const { security } = body.paths[path][method.toLowerCase()]
      const ways = [{ bearer: [] }, ...(DOWNLOADS.includes(operation) ? [{ downloadTicket: [] }] : [])]
      assert.deepEqual(security, nobody === 401 ? ways : undefined, operation)
    }
  })

  for (const [operation, expected] of Object.entries(EXPECTATIONS)) {
    test(`${operation} answers everybody as the table says, and a refusal changes nothing`, async () => {
      for (const principal of world.principals) await checkCell(operation, principal, expected[principal.column])
    })
  }

  test('HEAD is answered as GET is, without a body', async () => {
    for (const operation of Object.keys(EXPECTATIONS).filter((name) => name.startsWith('GET '))) {
      for (const principal of world.principals) {
        const { url } = await (REQUESTS[operation] as (typeof REQUESTS)[string])(world, principal)
        const headers = principal.token ? { authorization: `Bearer ${principal.token}` } : {}
        const answer = await world.app.app.http.inject({ method: 'HEAD', url, headers })
        assert.equal(answer.statusCode, EXPECTATIONS[operation]?.[principal.column], `${operation} ${principal.name}`)
        assert.equal(answer.payload, '')
      }
    }
  })

  for (const [operation] of Object.entries(EXPECTATIONS).filter(([, expected]) => expected.outsider === 404)) {
    test(`${operation}: an outsider's 404 is the one of an id that never existed, byte for byte`, async () => {
      const outsider = principalNamed('outsider')
      const real = await (REQUESTS[operation] as (typeof REQUESTS)[string])(world, outsider)
      const id = idOf(real)
      const absentId = String(id).includes('-') ? randomUUID() : '888888888'
      const absent = JSON.parse(JSON.stringify(real).replace(new RegExp(`(?<=[/:"])${id}\\b`), absentId))
      const [hidden, never] = await Promise.all(
        [real, absent].map(({ url, ...rest }) =>
          world.app.send(methodOf(operation), url, { as: outsider.token, ...rest }),
        ),
      )
      assert.ok(hidden && never && id)
      assertProblem(hidden, 404)
      assert.equal(withoutId(hidden, id), withoutId(never, absentId))
    })
  }

  async function checkCell(operation: string, principal: Principal, status: number): Promise<void> {
    const { url, ...options } = await (REQUESTS[operation] as (typeof REQUESTS)[string])(world, principal)
    const before = status >= 400 ? await checksum(world.app) : ''
    const answer = await world.app.send(methodOf(operation), url, { as: principal.token, ...options })
    const cell = `${operation} by ${principal.name}`
    assert.equal(answer.status, status, `${cell}: ${answer.text}`)
    assert.ok(documented[operation]?.includes(String(status)), `${cell}: ${status} is not in the API document`)
    if (status === 201 && operation.includes(' /api/v1/')) assert.match(String(answer.headers.location), /^\/api\/v1\//)
    if (status < 400) return
    assertProblem(answer, status, undefined, cell)
    assert.equal(await checksum(world.app), before, `${cell} was refused and changed something`)
  }

  function principalNamed(name: string): Principal {
    const found = world.principals.find((principal) => principal.name === name)
    assert.ok(found)
    return found
  }
})

const methodOf = (operation: string) => operation.split(' ')[0] as Method

/** The id of the thing asked for: the first in the path, or the project or deletion in the body. */
function idOf({ url, body }: { url: string; body?: unknown }): string | undefined {
  const { project_id, deletion_id } = (body ?? {}) as { project_id?: number; deletion_id?: string }
  return /\/(\d+)/.exec(url)?.[1] ?? deletion_id ?? String(project_id)
}

/** Everything of the answer that says something about the thing: counters and clocks do not. */
function withoutId({ status, text, headers }: Answer, id: string): string {
  const { date, ratelimit, 'content-length': length, ...kept } = headers
  return JSON.stringify([status, text.replaceAll(new RegExp(`\\b${id}\\b`, 'g'), 'ID'), kept])
}

/** The paths in Fastify's drawing of its routes: each line holds a segment, its depth is how far it is indented. */
function routesOf(drawing: string): string[] {
  const stack: string[] = []
  const routes: string[] = []
  for (const line of drawing.split('\n')) {
    const match = /^((?:│ {3}| {4})*)[├└]── (\S+)(?: \((.+)\))?$/.exec(line)
    if (!match) continue
    const depth = (match[1] ?? '').length / 4
    stack.length = depth
    stack.push(match[2] ?? '')
    if (match[3]) routes.push(stack.join(''))
  }
  assert.ok(routes.length > 20, drawing)
  return routes
}
