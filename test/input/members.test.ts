import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { EXPECTATIONS } from '../policy/expectations.ts'
import { REQUESTS } from '../policy/requests.ts'
import { buildWorld, type Principal, type World } from '../policy/world.ts'
import { CleanupStack, type Method } from '../support/app.ts'
import { checksum } from '../support/database.ts'
import { accepts, type Operation, readOperations } from '../support/openapi.ts'
import { assertPointsTo, assertProblem } from '../support/problem.ts'

const WRONG = [7, 1.5, -1, true, null, [], [7], {}, { a: 1 }, '7', 'true', '']
/** 2^31, 2^53 + 1, 2^63 and what is no finite number; as JSON text, because a number of ours would round them. */
const BIG = ['2147483648', '9007199254740993', '9223372036854775808', '1e400', '-1e400', '0.5', '-1', '0']
const PATHS = ['0', '-1', '+1', '1.5', '0x10', '1e3', '01', '%31', '1%00', '1;', "1'", 'null', 'NaN', '１', '..;', ' 1']
const HUGE = [
  '2147483648',
  '999999999999999',
  '9007199254740993',
  '9223372036854775808',
  '9'.repeat(64),
  '9'.repeat(200),
]

/** Requests generated from the API document: valid ones, with one thing wrong. */
describe('what is not in the API document is refused', () => {
  const cleanup = new CleanupStack()
  let world: World
  let admin: Principal
  let operations: Operation[]

  before(async () => {
    world = await buildWorld(cleanup)
    admin = world.principals.find((principal) => principal.name === 'admin') as Principal
    operations = await readOperations(world.app)
  })
  after(() => cleanup.run())

  async function valid(name: string) {
    const request = await REQUESTS[name]?.(world, admin)
    assert.ok(request, name)
    return { as: admin.token, ...request, body: request.body as Record<string, unknown> | undefined }
  }

  /** The operation of this test; tests stand in a loop over the table, which knows the names before the server runs. */
  const operationNamed = (name: string) => operations.find((operation) => operation.name === name) as Operation

  for (const name of Object.keys(EXPECTATIONS)) {
    const method = name.split(' ')[0] as Method

    test(`${name}: a member of the wrong type is 400, points to itself and changes nothing`, async () => {
      const { body: schema } = operationNamed(name)
      const { url, ...request } = await valid(name)
      const before = await checksum(world.app)
      for (const [member, memberSchema] of Object.entries(schema?.properties ?? {})) {
        for (const value of WRONG.filter((candidate) => !accepts(memberSchema, candidate))) {
          const answer = await world.app.send(method, url, { ...request, body: { ...request.body, [member]: value } })
          const pointers = (answer.body.errors ?? []).map((error: { pointer: string }) => error.pointer)
          const why = `${member}: ${JSON.stringify(value)}`
          assertProblem(answer, 400, 'INVALID_REQUEST', why)
          assert.ok(
            pointers.some((pointer: string) => pointer.startsWith(`/${member}`)),
            `${why} ${answer.text}`,
          )
        }
        for (const number of accepts(memberSchema, 1) ? BIG : []) {
          const payload = JSON.stringify({ ...request.body, [member]: '#' }).replace('"#"', number)
          const headers = { 'content-type': 'application/json' }
          const answer = await world.app.send(method, url, { as: request.as, headers, payload })
          assertProblem(
            answer,
            [400, 404].includes(answer.status) ? answer.status : 400,
            undefined,
            `${member} ${number}`,
          )
        }
      }
      assert.equal(await checksum(world.app), before)
    })

    test(`${name}: a member or query parameter nobody knows is 400 and changes nothing`, async () => {
      const { body: schema } = operationNamed(name)
      const { url, ...request } = await valid(name)
      const before = await checksum(world.app)
      for (const member of ['unknown', 'constructor', 'toString', 'Title', 'version', 'created_by', 'deleted_at']) {
        // The body of a GET is not read at all, that of an upload is no JSON.
        const isKnown = Object.hasOwn(schema?.properties ?? {}, member)
        if (!isKnown && (schema || (method !== 'GET' && !request.payload))) {
          const body = { ...request.body, [member]: 1 }
          assertPointsTo(await world.app.send(method, url, { ...request, body }), `/${member}`, 'body')
        }
        assertPointsTo(
          await world.app.send(method, `${url}${url.includes('?') ? '&' : '?'}${member}=1`, request),
          `/${member}`,
          'query',
        )
      }
      assert.equal(await checksum(world.app), before)
    })

    test(`${name}: an If-Match of another version keeps the change out, or is refused: it is never passed over`, async () => {
      if (method === 'GET') return
      const { url, ...request } = await valid(name)
      const before = await checksum(world.app)
      const headers = { ...request.headers, 'if-match': '"4711"' }
      const answer = await world.app.send(method, url, { ...request, headers })
      if (operationNamed(name).statuses.includes('412')) assertProblem(answer, 412, 'VERSION_MISMATCH')
      else assertPointsTo(answer, '/if-match')
      assert.equal(await checksum(world.app), before)
    })

    test(`${name}: a body that is no object is 400`, async () => {
      const { body: schema } = operationNamed(name)
      if (!schema) return
      const { url, as } = await valid(name)
      for (const payload of [
        '7',
        '"x"',
        'true',
        'null',
        '[]',
        '[{}]',
        '',
        ' ',
        '{',
        '{"a"',
        'undefined',
        "{'a':1}",
        '{}x',
      ]) {
        const answer = await world.app.send(method, url, {
          as,
          headers: { 'content-type': 'application/json' },
          payload,
        })
        assertProblem(answer, 400, undefined, payload)
      }
      assertProblem(await world.app.send(method, url, { as }), 400, undefined, 'no body at all')
    })
  }

  test('an id that is not written as one is 400 or 404, never the thing it looks like', async () => {
    for (const { name, method, parameters } of operations.filter((operation) => operation.parameters.length > 0)) {
      const { url, ...request } = await valid(name)
      const before = await checksum(world.app)
      const last = parameters.length > 1 ? url.lastIndexOf('/') : url.indexOf('/', url.search(/\/[0-9a-f-]+(?:\/|$)/))
      for (const id of [...PATHS, ...HUGE]) {
        const end = url.indexOf('/', last + 1)
        const odd = `${url.slice(0, last + 1)}${id}${end > 0 ? url.slice(end) : ''}`
        const answer = await world.app.send(method, odd, request)
        assertProblem(answer, [400, 404].includes(answer.status) ? answer.status : 404, undefined, `${name} ${odd}`)
      }
      assert.equal(await checksum(world.app), before, name)
    }
  })

  test('paths with an escape, an extra slash or another case are no paths of ours', async () => {
    const token = admin.token
    for (const url of [
      '/api/v1/%75sers/me',
      '/api/v1/users%2Fme',
      '/api/v1/users/me/',
      '//api/v1/users/me',
      '/api//v1/users/me',
      '/API/v1/users/me',
      '/api/v1/users/me;a=1',
      '/docs/static/..%2f..%2fpackage.json',
    ]) {
      const answer = await world.app.send('GET', url, { as: token })
      assertProblem(answer, [400, 404].includes(answer.status) ? answer.status : 404, undefined, url)
    }
  })
})
