import assert from 'node:assert/strict'
import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { type Answer, CleanupStack, multipart, type Person, startApp, type TestApp } from '../support/app.ts'
import { assertProblem } from '../support/problem.ts'
import { until } from '../support/process.ts'

const v1 = '/api/v1/imports'

describe('imports over the API', () => {
  const cleanup = new CleanupStack()
  let app: TestApp
  let admin: Person
  let maintainer: Person
  let member: Person
  let projectId: number

  before(async () => {
    app = await startApp(cleanup, { worker: true })
    await app.app.http.listen({ host: '127.0.0.1', port: 0 })
    admin = await app.person('admin', 'admin')
    maintainer = await app.person('mia')
    member = await app.person('carl')
    projectId = (await app.send('POST', '/api/v1/projects', { as: maintainer, body: { name: 'Apollo' } })).body.id
    const body = { username: 'carl', role: 'contributor' }
    await app.send('POST', `/api/v1/projects/${projectId}/members`, { as: maintainer, body })
  })
  after(() => cleanup.run())

  const post = (payload: string | Buffer, query = '', as: Person = maintainer, type = 'text/csv') =>
    app.send('POST', `${v1}?project_id=${projectId}${query}`, { as, payload, headers: { 'content-type': type } })

  const look = async (id: number) => (await app.send('GET', `${v1}/${id}`, { as: maintainer })).body

  async function atRest(answer: Answer) {
    assert.equal(answer.status, 202, answer.text)
    const { id } = answer.body
    await until(async () => ['ready', 'done', 'failed', 'cancelled', 'undone'].includes((await look(id)).state), 20_000)
    return look(id)
  }

  const counts = ({ rows, created, updated, unchanged, rejected }: Record<string, number>) =>
    [rows, created, updated, unchanged, rejected] as const

  const tasks = async () => {
    const { body } = await app.send('GET', `/api/v1/tasks?project_id=${projectId}&limit=100&sort=created_at`, {
      as: admin,
    })
    return body.items as {
      id: number
      title: string
      external_id: string | null
      status: string
      labels: string[]
      created_by: string
    }[]
  }

  test('the raw body and a multipart file are taken alike, with 202 and Location, and become tasks', async () => {
    const raw = await post('title,labels\nFrom a raw body,"red,green"\n', '&file_name=raw.csv')
    assert.equal(raw.headers.location, `${v1}/${raw.body.id}`)
    const { file_name, state, columns } = await atRest(raw)
    assert.deepEqual([file_name, state], ['raw.csv', 'done'])
    assert.deepEqual(columns, [
      { name: 'title', field: 'title', date_format: null },
      { name: 'labels', field: 'labels', date_format: null },
    ])
    const parts = await app.send('POST', `${v1}?project_id=${projectId}`, {
      as: maintainer,
      ...multipart('title\nFrom a form\n', 'form.csv'),
    })
    assert.equal((await atRest(parts)).created, 1)
    const found = await tasks()
    assert.deepEqual(found.find(({ title }) => title === 'From a raw body')?.labels.toSorted(), ['green', 'red'])
    assert.ok(found.some(({ title }) => title === 'From a form'))
  })

  test('a file without a type is a CSV file, JSON is 415', async () => {
    const { port } = app.app.http.server.address() as AddressInfo
    const status = await new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${maintainer.token}` }
      request({ port, method: 'POST', path: `${v1}?project_id=${projectId}`, headers }, (answer) =>
        answer.resume().on('end', () => resolve(answer.statusCode)),
      )
        .on('error', reject)
        .end('title\nWithout a type\n')
    })
    assert.equal(status, 202)
    for (const body of ['{}', '{"title":"x"}', 'title\nx\n']) {
      const refused = await post(body, '', maintainer, 'application/json')
      assertProblem(refused, 415, 'UNSUPPORTED_MEDIA_TYPE')
      assert.match(refused.body.detail, /^The file must be sent as multipart/)
    }
  })

  test('who may not import there is refused before the body is read', async () => {
    assertProblem(await post('title\nx\n', '', member), 403, 'PROJECT_FORBIDDEN')
    assertProblem(await post('title\nx\n', '', await app.person('otto')), 404, 'PROJECT_NOT_FOUND')
    const { port } = app.app.http.server.address() as AddressInfo
    const headers = { authorization: `Bearer ${member.token}`, 'content-type': 'text/csv' }
    const read = await new Promise<number>((resolve) => {
      const sender = request({ port, method: 'POST', path: `${v1}?project_id=${projectId}`, headers }, (answer) => {
        assert.equal(answer.statusCode, 403)
        resolve(sent)
        sender.destroy()
      })
      // The server may have closed the connection before its answer is read.
      sender.on('error', () => resolve(sent))
      let sent = 0
      const chunk = Buffer.alloc(16_384, 'x')
      const more = () => {
        if (sent < 100_000_000 && !sender.destroyed) sender.write(chunk, () => setImmediate(more))
        sent += chunk.length
      }
      more()
    })
    assert.ok(read < 5_000_000, `${read} bytes were sent before the answer`)
  })

  for (const [query, pointer] of [
    ['&dry_run=maybe', '/dry_run'],
    ['&on_error=explode', '/on_error'],
    ['&encoding=ebcdic', '/encoding'],
    ['&delimiter=%2C', '/delimiter'],
    ['&date_format=MYD', '/date_format'],
    ['&mapping=%7B', '/mapping'],
    ['&mapping=%5B%5D', '/mapping'],
    ['&colour=red', '/colour'],
  ]) {
    test(`${query} is refused, naming the parameter`, async () => {
      const answer = await post('title\nx\n', query)
      assertProblem(answer, 400, 'INVALID_REQUEST')
      assert.equal(answer.body.errors[0].pointer, pointer)
    })
  }

  test('encoding, delimiter, date format and mapping are taken from the query', async () => {
    const file = Buffer.from('Aufgabe|Fällig|Notiz\nBrücke prüfen|3.4.2031|x\n', 'latin1')
    const mapping = encodeURIComponent(JSON.stringify({ Aufgabe: 'title', Fällig: 'due_date', Notiz: null }))
    const row = await atRest(await post(file, `&encoding=latin-1&delimiter=pipe&date_format=DMY&mapping=${mapping}`))
    assert.deepEqual([row.state, ...counts(row)], ['done', 1, 1, 0, 0, 0])
    const task = (await tasks()).find(({ title }) => title === 'Brücke prüfen')
    assert.equal((task as { due_date?: string } | undefined)?.due_date, '2031-04-03')
  })

  test('the same file again is 409 with the earlier import, and goes in with again=true', async () => {
    const file = 'title\nOnly once\n'
    const first = await atRest(await post(file))
    const again = await post(file)
    assertProblem(again, 409, 'DUPLICATE_FILE')
    assert.deepEqual([again.body.import_id, again.body.url], [first.id, `${v1}/${first.id}`])
    assert.equal((await atRest(await post(file, '&again=true'))).created, 1)
  })

  test('twice at the same time, the same file goes in once', async () => {
    const answers = await Promise.all(Array.from({ length: 4 }, () => post('title\nAll at once\n')))
    assert.deepEqual(answers.map(({ status }) => status).sort(), [202, 409, 409, 409])
  })

  test('a dry run counts exactly and writes nothing; its commit merges without a second upload', async () => {
    await atRest(await post('key,title,status\nA-1,First,pending\nA-2,Second,pending\nA-3,Third,pending\n'))
    const before = await tasks()
    const file =
      'key,title,status\nA-1,First,pending\nA-2,Second,completed\nA-4,Fourth,active\nA-5,,active\nA-4,Double,active\n'
    const dry = await atRest(await post(file, '&dry_run=true'))
    assert.deepEqual([dry.state, ...counts(dry)], ['ready', 5, 1, 1, 1, 2])
    assert.equal(dry.samples.length, 1)
    assert.deepEqual(dry.samples[0].changes, { status: { from: 'pending', to: 'completed' } })
    assert.deepEqual(await tasks(), before)

    const commit = await app.send('POST', `${v1}/${dry.id}/commit`, { as: maintainer })
    const done = await atRest(commit)
    assert.deepEqual([done.state, ...counts(done)], ['done', 5, 1, 1, 1, 2])
    assert.equal((await tasks()).find(({ external_id }) => external_id === 'A-2')?.status, 'completed')
    assertProblem(await app.send('POST', `${v1}/${dry.id}/commit`, { as: maintainer }), 409, 'WRONG_IMPORT_STATE')
  })

  test('what a dry run would do is the doing of who commits it, not of who uploaded it', async () => {
    await atRest(await post('key,title\nB-1,First\n'))
    const dry = await atRest(await post('key,title\nB-1,Changed\nB-2,New\n', '&dry_run=true'))
    await atRest(await app.send('POST', `${v1}/${dry.id}/commit`, { as: admin }))
    const found = (await tasks()).filter(({ external_id }) => external_id?.startsWith('B-'))
    const doneBy = found.map(async ({ id, created_by }) => {
      const { body } = await app.send('GET', `/api/v1/tasks/${id}/history`, { as: admin })
      return [created_by, ...body.items.map(({ by }: { by: string }) => by)]
    })
    const [updated, created] = await Promise.all(doneBy)
    assert.deepEqual(updated, ['mia', 'admin', 'mia'])
    assert.deepEqual(created, ['admin', 'admin'])
  })

  test('on_error=abort: one bad row and nothing is written, and the errors are there', async () => {
    const before = await tasks()
    const row = await atRest(await post('title,priority\nGood,LOW\nBad,SOON\n', '&on_error=abort'))
    assert.deepEqual([row.state, row.failure_code, row.rejected], ['failed', 'ROWS_REJECTED', 1])
    assert.deepEqual(await tasks(), before)
    const { body } = await app.send('GET', `${v1}/${row.id}/errors`, { as: maintainer })
    assert.deepEqual(
      body.items.map((e: Record<string, unknown>) => [e.line, e.column, e.value, e.code]),
      [[3, 'priority', 'SOON', 'INVALID_PRIORITY']],
    )
  })

  test('rejected.csv holds the rejected rows as they were, and goes in again once corrected', async () => {
    const file =
      'Title;Prio;Due\n"Two\nlines; and a ""quote""";SOON;\nGood;LOW;\nToo;many;cells;here\n;HIGH;2031-02-30\n'
    const row = await atRest(await post(file))
    assert.deepEqual(counts(row), [4, 1, 0, 0, 3])
    const { text, headers } = await app.send('GET', `${v1}/${row.id}/rejected.csv`, { as: maintainer })
    assert.match(String(headers['content-type']), /^text\/csv/)
    const [head, ...rest] = text.split('\r\n')
    assert.equal(head, 'error;Title;Prio;Due')
    assert.equal(rest.length, 4)
    assert.match(String(rest[0]), /INVALID_PRIORITY.*;"Two\nlines; and a ""quote""";SOON;$/s)
    assert.match(String(rest[1]), /WRONG_CELL_COUNT.*;Too;many;cells;here$/)
    assert.match(String(rest[2]), /INVALID_DATE.*EMPTY_TITLE.*;;HIGH;2031-02-30$/)
    const corrected = text
      .replace('SOON', 'HIGH')
      .replace(';cells;here', ';')
      .replace(';many;', ';LOW;')
      .replace(';;HIGH;2031-02-30', ';Last;HIGH;2031-02-28')
    const second = await atRest(await post(corrected))
    assert.deepEqual(counts(second), [3, 3, 0, 0, 0])
    assert.ok((await tasks()).some(({ title }) => title === 'Two\nlines; and a "quote"'))
  })

  test('progress is told as events, and ends with the import', async () => {
    const { body } = await post('title\nWatched\n')
    const { text, headers } = await app.send('GET', `${v1}/${body.id}/progress`, { as: maintainer })
    assert.match(String(headers['content-type']), /^text\/event-stream/)
    const events = text.trim().split('\n\n')
    assert.match(String(events.at(-1)), /^event: end\n/)
    const last = JSON.parse(String(events.at(-2)?.split('\ndata: ')[1]))
    assert.deepEqual([last.id, last.state, last.created], [body.id, 'done', 1])
  })

  /** Sends the beginning of a file. @returns what ends it, and its answer */
  async function slowUpload(fileName: string) {
    const { port } = app.app.http.server.address() as AddressInfo
    const headers = { authorization: `Bearer ${maintainer.token}`, 'content-type': 'text/csv' }
    const answer = Promise.withResolvers<{ status: number | undefined; body: string }>()
    const path = `${v1}?project_id=${projectId}&file_name=${fileName}`
    const sender = request({ port, method: 'POST', path, headers }, async (reply) => {
      answer.resolve({ status: reply.statusCode, body: (await reply.toArray()).join('') })
    })
    sender.on('error', answer.reject).write('title\nNever\n')
    const latest = async () => (await app.send('GET', `${v1}?limit=1`, { as: maintainer })).body.items[0]
    await until(async () => (await latest()).file_name === fileName, 10_000)
    const { id, state } = await latest()
    assert.equal(state, 'receiving')
    return { id: id as number, sender, answer: answer.promise }
  }

  test('progress is told no more when the session has ended, or its user is no administrator any more', async () => {
    const { id, sender, answer } = await slowUpload('watched.csv')
    const { port } = app.app.http.server.address() as AddressInfo
    const open = async ({ token }: Person) => {
      const headers = { authorization: `Bearer ${token}` }
      const stream = await fetch(`http://127.0.0.1:${port}${v1}/${id}/progress`, { headers })
      assert.equal(stream.status, 200)
      told.push(await stream.text())
    }
    const told: string[] = []
    const leaving = await app.person('leaving', 'admin')
    const demoted = await app.person('demoted', 'admin')
    const opened = [open(leaving), open(demoted)]
    await new Promise((resolve) => setTimeout(resolve, 300)) // both have been told something
    assert.equal((await app.send('POST', '/api/v1/auth/logout', { as: leaving })).status, 204)
    const { id: userId } = (await app.send('GET', '/api/v1/users/me', { as: demoted })).body
    await app.send('PATCH', `/api/v1/users/${userId}`, { as: admin, body: { role: 'user' } })
    await until(async () => told.length === opened.length, 10_000)
    for (const text of told) {
      assert.match(text, /^event: progress\n/)
      assert.doesNotMatch(text, /event: end/)
    }
    await app.send('POST', `${v1}/${id}/cancel`, { as: maintainer })
    sender.end()
    await answer
  })

  test('an upload is cancelled while its file arrives: nothing is left but the import that says so', async () => {
    const { id, sender, answer } = await slowUpload('slow.csv')
    const cancelled = await app.send('POST', `${v1}/${id}/cancel`, { as: maintainer })
    assert.deepEqual([cancelled.status, cancelled.body.state], [200, 'cancelled'])
    sender.end()
    const { status, body } = await answer
    assert.deepEqual([status, JSON.parse(body).code], [409, 'IMPORT_CANCELLED'])
    assert.equal((await look(id)).state, 'cancelled')
    assert.ok(!(await tasks()).some(({ title }) => title === 'Never'))
  })

  test('a dry run is cancelled, and cannot be committed any more', async () => {
    const dry = await atRest(await post('title\nNot this time\n', '&dry_run=true'))
    assert.equal((await app.send('POST', `${v1}/${dry.id}/cancel`, { as: maintainer })).body.state, 'cancelled')
    assertProblem(await app.send('POST', `${v1}/${dry.id}/commit`, { as: maintainer }), 409, 'WRONG_IMPORT_STATE')
    assertProblem(await app.send('POST', `${v1}/${dry.id}/cancel`, { as: maintainer }), 409, 'WRONG_IMPORT_STATE')
    assert.equal((await atRest(await post('title\nNot this time\n'))).created, 1)
  })

  test('undo takes back what the import did, tells before what it would do, and leaves what people changed since', async () => {
    await atRest(await post('key,title,status\nU-1,Was here,pending\nU-2,Was here too,pending\n'))
    const file = 'key,title,status\nU-1,Changed,active\nU-2,Changed too,active\nU-3,New,active\nU-4,New too,active\n'
    const row = await atRest(await post(file))
    assert.deepEqual(counts(row), [4, 2, 2, 0, 0])
    const named = async () => Object.fromEntries((await tasks()).map((task) => [task.external_id, task]))
    const { 'U-2': second, 'U-4': fourth } = await named()
    for (const task of [second, fourth]) {
      await app.send('PATCH', `/api/v1/tasks/${task?.id}`, { as: maintainer, body: { title: 'By hand' } })
    }
    const before = await tasks()
    const plan = await app.send('POST', `${v1}/${row.id}/undo?dry_run=true`, { as: maintainer })
    assert.deepEqual([plan.status, plan.body.undo], [200, { removed: 1, restored: 1, left: 2 }])
    assert.deepEqual(await tasks(), before)

    const undone = await atRest(await app.send('POST', `${v1}/${row.id}/undo`, { as: maintainer }))
    assert.deepEqual([undone.state, undone.undo], ['undone', { removed: 1, restored: 1, left: 2 }])
    const now = await named()
    assert.deepEqual([now['U-1']?.title, now['U-1']?.status], ['Was here', 'pending'])
    assert.equal(now['U-2']?.title, 'By hand')
    assert.equal(now['U-3'], undefined)
    assert.equal(now['U-4']?.title, 'By hand')
    const left = await app.send('GET', `${v1}/${row.id}/undo`, { as: maintainer })
    assert.deepEqual(
      left.body.items ?? left.text,
      [second?.id, fourth?.id].map((task_id) => ({ task_id, reason: 'CHANGED_SINCE' })),
    )
    const { body: history } = await app.send('GET', `/api/v1/tasks/${now['U-1']?.id}/history`, { as: maintainer })
    assert.equal(history.items[0].cause, 'undo')
    assertProblem(await app.send('POST', `${v1}/${row.id}/undo`, { as: maintainer }), 409, 'WRONG_IMPORT_STATE')
  })

  test('members and outsiders do not see imports, and everybody sees their own alone', async () => {
    const { body } = await app.send('GET', v1, { as: member })
    assert.deepEqual(body.items, [])
    const own = await app.send('GET', v1, { as: maintainer })
    assert.ok(own.body.items.length > 0)
    assert.ok(own.body.items.every((item: { project_id: number }) => item.project_id === projectId))
  })
})
