import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { EXPECTATIONS } from '../policy/expectations.ts'
import { REQUESTS } from '../policy/requests.ts'
import { buildWorld, type Principal, type Request, type World } from '../policy/world.ts'
import { type Answer, CleanupStack } from '../support/app.ts'
import { checksum } from '../support/database.ts'
import { readOperations } from '../support/openapi.ts'
import { assertProblem } from '../support/problem.ts'

/** And an upload as `curl -T` sends it. */
const UPLOAD = 'PUT /api/v1/imports'
const KEYED = Object.keys(EXPECTATIONS).filter((operation) => operation.startsWith('POST ') || operation === UPLOAD)
const LOGOUT = 'POST /api/v1/auth/logout'

describe('an Idempotency-Key on every POST', () => {
  const cleanup = new CleanupStack()
  let world: World
  let admin: Principal

  before(async () => {
    world = await buildWorld(cleanup)
    admin = world.principals.find(({ name }) => name === 'admin') as Principal
  })
  after(() => cleanup.run())

  const build = async (operation: string) =>
    (REQUESTS[operation] as (typeof REQUESTS)[string])(world, admin) as Promise<Request>
  const sender =
    (operation: string) =>
    ({ url, headers, ...rest }: Request, key: string) =>
      world.app.send(operation.split(' ')[0] as 'POST' | 'PUT', url, {
        as: admin.token,
        ...rest,
        headers: { ...headers, 'idempotency-key': key },
      })

  test('the API document has the header, 409 and 422 on every POST and upload, and the header nowhere else', async () => {
    const { body } = await world.app.send('GET', '/openapi.json')
    const operations = await readOperations(world.app)
    assert.deepEqual(
      operations
        .filter(({ method, name }) => method === 'POST' || name === UPLOAD)
        .map(({ name }) => name)
        .sort(),
      KEYED.toSorted(),
      'every POST of the document is in the table',
    )
    for (const { name, method, path } of operations) {
      const isKeyed = KEYED.includes(name)
      const { parameters = [], responses } = body.paths[path][method.toLowerCase()]
      const header = parameters.find((parameter: { name: string }) => parameter.name === 'idempotency-key')
      assert.equal(header?.in, isKeyed ? 'header' : undefined, name)
      if (isKeyed) assert.ok(responses['409'] && responses['422'] && !header.required, name)
    }
  })

  for (const operation of KEYED) {
    const send = sender(operation)

    test(`${operation}, twice with one key, has one effect and one answer`, async () => {
      const request = await build(operation)
      const key = randomUUID()
      const first = await send(request, key)
      assert.equal(first.status, EXPECTATIONS[operation]?.admin, first.text)
      assert.equal(first.headers['idempotent-replayed'], undefined)
      const effect = await checksum(world.app)
      const second = await send(request, key)
      // The session that could be answered again has ended.
      if (operation === LOGOUT) assertProblem(second, 401, 'INVALID_TOKEN')
      else {
        assert.equal(second.headers['idempotent-replayed'], 'true', `${second.status} ${second.text}`)
        assert.deepEqual(wire(second), wire(first))
      }
      assert.equal(await checksum(world.app), effect)
    })

    test(`${operation} refuses what cannot be a key`, async () => {
      const request = await build(operation)
      const before = await checksum(world.app)
      for (const key of ['', 'two words', 'k'.repeat(256), 'schl\u00fcssel']) {
        const answer = await send(request, key)
        assertProblem(answer, 400, 'INVALID_REQUEST', JSON.stringify(key))
        assert.deepEqual(
          answer.body.errors.map(({ in: place, pointer }: { in: string; pointer: string }) => [place, pointer]),
          [['headers', '/idempotency-key']],
        )
      }
      assert.equal(await checksum(world.app), before)
    })

    test(`${operation} refuses the key of another request`, async (t) => {
      const request = await build(operation)
      if (request.body === undefined) return t.skip('it takes no JSON')
      const key = randomUUID()
      assert.equal((await send(request, key)).status, EXPECTATIONS[operation]?.admin)
      const before = await checksum(world.app)
      const { body, ...rest } = request
      const headers = { 'content-type': 'application/json' }
      const other = await send({ ...rest, headers, payload: `${JSON.stringify(body)} ` }, key)
      assertProblem(other, 422, 'IDEMPOTENCY_KEY_REUSED')
      assert.equal(await checksum(world.app), before)
    })
  }
})

/** What of an answer must be the same. */
function wire({ status, text, headers }: Answer) {
  return [status, text, headers.location, headers.etag, headers['content-type'], headers['content-length']]
}
