import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { readOptions } from '../../src/imports/options.ts'
import { requireTarget } from '../../src/imports/service.ts'
import { stageFile } from '../../src/imports/stage-file.ts'
import type { Connection, Db } from '../../src/platform/db.ts'
import { CleanupStack, type Person, startApp, type TestApp } from '../support/app.ts'
import { assertProblem } from '../support/problem.ts'
import { until } from '../support/process.ts'
import { textRow, workbook } from '../support/workbook.ts'
import { outcome, run, stage } from './staged.ts'

const AT_ONCE = 6

describe('an upload that takes its time', () => {
  const cleanup = new CleanupStack()
  let app: TestApp
  let admin: Person
  before(async () => {
    app = await startApp(cleanup)
    admin = await app.person('ada', 'admin')
    await app.app.http.listen({ port: 0, host: '127.0.0.1' })
  })
  after(() => cleanup.run())

  const sql = async <Row>(text: string) => (await app.ctx.db.query<Row>({ text })).rows
  const arriving = (count: number) =>
    until(async () => (await sql(`select from imports where state = 'receiving'`)).length === count, 20_000)

  /** An upload whose head and first row are sent. */
  function begin(title = 'One') {
    const upload = request({
      ...{ port: (app.app.http.server.address() as AddressInfo).port, host: '127.0.0.1', agent: false },
      ...{ method: 'POST', path: '/api/v1/imports?again=true' },
      headers: { authorization: `Bearer ${admin.token}`, 'content-type': 'text/csv', connection: 'keep-alive' },
    })
    const answered = once(upload, 'response') as Promise<[IncomingMessage]>
    upload.write(`title\n${title}\n`)
    return { upload, answered }
  }

  test('has no time limit of the database while a workbook arrives', async () => {
    const actor = { id: admin.id, username: admin.username, role: 'admin', sessionId: '' } as const
    const file = await workbook({ sheets: { Tasks: textRow(1, ['title']) + textRow(2, ['One']) } })
    let staging: Db | undefined
    let limit: string | undefined
    const bytes = async function* () {
      const { rows } = await (staging as Connection).query<Record<string, string>>({
        text: 'show idle_in_transaction_session_timeout',
      })
      limit = rows[0]?.idle_in_transaction_session_timeout
      yield file
    }
    const options = readOptions({}, await requireTarget(app.ctx, actor, null))
    await stageFile(app.ctx, actor, { name: null, bytes: bytes() }, options, {
      async claim(tx) {
        staging = tx
        return undefined
      },
      async keep() {},
    })
    assert.equal(limit, '0')
  })

  test('is not cut off between its last byte and the answer', async () => {
    const { http } = app.app
    const connected = once(http.server, 'connection') as Promise<[Socket]>
    const { upload, answered } = begin()
    const [socket] = await connected
    await arriving(1)

    // What is left to be done once the file has arrived waits for this.
    await app.ctx.db.bulkTransaction(async (tx) => {
      await tx.query({ text: `select from imports where state = 'receiving' for update` })
      upload.end('Two\n')
      const waits = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
      await until(async () => (await sql(waits)).length > 0, 20_000)
      socket.setTimeout(10)
      await once(socket, 'timeout')
      socket.setTimeout(0)
    })
    const [answer] = await answered
    assert.equal(answer.statusCode, 202)
    answer.resume()
  })

  test('is one of six at most: the next is told soon, and exports and imports go on', { timeout: 60_000 }, async () => {
    const slow = Array.from({ length: AT_ONCE }, (_, i) => begin(`Slow ${i}`))
    await arriving(AT_ONCE)
    const another = () =>
      app.send('PUT', '/api/v1/imports', {
        as: admin,
        payload: 'title\nOne more\n',
        headers: { 'content-type': 'text/csv' },
      })
    const asked = performance.now()
    const refused = await another()
    assertProblem(refused, 503, 'TOO_MANY_UPLOADS')
    assert.match(String(refused.headers['retry-after']), /^\d+$/)
    assert.ok(performance.now() - asked < 10_000, 'it waited for a connection')

    const id = await stage(app, admin, 'title', [['Meanwhile']])
    await run(app, id)
    assert.deepEqual(await outcome(app, id), ['done', 1, 0, 0, 0])
    const exports = await Promise.all([1, 2, 3].map(() => app.send('GET', '/api/v1/tasks.csv', { as: admin })))
    for (const { status, text } of exports) assert.ok(status === 200 && text.includes('Meanwhile'), text)

    for (const { upload, answered } of slow) {
      upload.end('Two\n')
      const [answer] = await answered
      assert.equal(answer.statusCode, 202)
      answer.resume()
    }
    assert.equal((await another()).status, 202)
  })
})
