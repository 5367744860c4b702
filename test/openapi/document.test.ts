import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { CleanupStack, startApp, type TestApp } from '../support/app.ts'

describe('the OpenAPI document', () => {
  const cleanup = new CleanupStack()
  let app: TestApp
  before(async () => {
    app = await startApp(cleanup)
  })
  after(() => cleanup.run())

  test('is valid OpenAPI 3.1', async () => {
    const { body } = await app.send('GET', '/openapi.json')
    assert.match(body.openapi, /^3\.1\./)
    const result = await new Validator().validate(body)
    assert.deepEqual(result.errors, undefined)
    assert.equal(result.valid, true)
  })

  test('describes an error answer as a problem document for every operation', async () => {
    const { body } = await app.send('GET', '/openapi.json')
    for (const [path, item] of Object.entries<
      Record<string, { responses: Record<string, object>; summary: string; requestBody?: object }>
    >(body.paths)) {
      for (const [method, { responses, summary, requestBody }] of Object.entries(item)) {
        assert.ok(summary, `${method} ${path} has no summary`)
        for (const status of ['400', '429', '503']) assert.ok(responses[status], `${method} ${path} lacks ${status}`)
        if (requestBody)
          for (const status of ['413', '415']) assert.ok(responses[status], `${method} ${path} lacks ${status}`)
      }
    }
    assert.ok(body.components.schemas.Problem)
  })

  test('names the headers of a page that can be asked for again', async () => {
    const { body } = await app.send('GET', '/openapi.json')
    type Operation = { parameters?: { name: string }[]; responses: Record<string, { headers?: object }> }
    const kept = Object.values<Record<string, Operation>>(body.paths)
      .flatMap((item) => Object.values(item))
      .filter(({ parameters = [] }) => parameters.some(({ name }) => name === 'if-none-match'))
    assert.ok(kept.length >= 5)
    for (const { responses } of kept) {
      for (const status of ['200', '304'])
        assert.deepEqual(Object.keys(responses[status]?.headers ?? {}), ['etag', 'x-cache'])
    }
    const one = body.paths['/api/v1/tasks/{id}']
    for (const method of ['get', 'patch']) assert.ok(one[method].responses['200'].headers.etag, method)
  })

  test('has docs beside it that load nothing from elsewhere', async () => {
    const page = await app.send('GET', '/docs')
    const html = page.status === 302 ? await app.send('GET', String(page.headers.location)) : page
    assert.equal(html.status, 200)
    assert.ok(!/(?:src|href)="(?:https?:)?\/\//.test(html.text), html.text)
    assert.match(String(html.headers['content-security-policy']), /default-src/)
  })
})
