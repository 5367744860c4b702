import assert from 'node:assert/strict'
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, test } from 'node:test'
import { makeDemonstration } from '../../dev/demonstration.ts'
import { type Scope, startApp } from '../support/app.ts'
import { compare, examplesOf, runExamples } from './examples.ts'
import { fencesOf, ROOT, read } from './markdown.ts'

/** The commands that the papers tell people to type are typed, and the answers they show are compared. */
describe('the examples in', () => {
  for (const paper of ['README.md', 'docs/api/guide.md']) {
    test(paper, async (t) => {
      const port = await startDemonstration(t)
      const examples = examplesOf(fencesOf(read(paper)))
      const replace = (text: string) => text.replaceAll(/\b(?:127\.0\.0\.1|localhost):5000\b/g, `127.0.0.1:${port}`)
      const { printed, failure } = await runExamples(examples, { cwd: await workFolder(t), replace })
      const place = (i: number) => `${paper}:${examples[i]?.command.line}`
      assert.equal(failure, '', `${place(printed.length)} failed: ${failure}`)
      assert.ok(examples.length > 2)
      for (const [i, { answer }] of examples.entries()) {
        if (answer) assert.deepEqual(compare(printed[i] ?? '', answer), [], place(i))
      }
    })
  }
})

/** What `npm start` is: the demonstration's people and tasks, the API and the worker in one process. */
async function startDemonstration(t: Scope): Promise<number> {
  const { ctx, app, auth } = await startApp(t, { worker: true })
  await makeDemonstration(ctx, auth)
  await app.http.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.http.server.address() as AddressInfo
  await demonstrationIsLoaded(port)
  return port
}

async function demonstrationIsLoaded(port: number): Promise<void> {
  const url = `http://127.0.0.1:${port}`
  const body = JSON.stringify({ username: 'admin', password: 'admin123' })
  const answer = await fetch(`${url}/login`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  const { access_token } = (await answer.json()) as { access_token: string }
  for (let state = ''; state !== 'done'; ) {
    const headers = { authorization: `Bearer ${access_token}` }
    state = ((await (await fetch(`${url}/api/v1/imports/1`, { headers })).json()) as { state: string }).state
  }
}

/** Commands may write files here; the project's sample file is where it is in the project. */
async function workFolder(t: Scope): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tasklog-docs-'))
  await symlink(path.join(ROOT, 'dev'), path.join(folder, 'dev'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}
