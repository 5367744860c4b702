import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CleanupStack, type Person, type TestApp } from '../support/app.ts'
import { assertExact, count, many, outcome, run, stage, startTeam } from './staged.ts'

const ROWS = 60_000
/** Some 1 to 5 s are usual, and a loop over all rows within one over all rows takes minutes. */
const STATEMENT_MS = 30_000
const HEADER = 'title,external_id,created_at,assigned_user,labels'
const WRONG_EACH = 100

/** How a statement over few rows is planned tells nothing of one over many. */
describe('60,000 rows with keys, where the table was empty when PostgreSQL last looked,', { timeout: 300_000 }, () => {
  const cleanup = new CleanupStack()
  let app: TestApp
  let admin: Person

  before(async () => {
    ;({ app, admin } = await startTeam(cleanup))
    await app.ctx.db.query({ text: 'analyze' })
    const name = new URL(app.databaseUrl).pathname.slice(1)
    await app.ctx.db.query({ text: `alter database "${name}" set statement_timeout = ${STATEMENT_MS}` })
  })
  after(() => cleanup.run())

  const rows = (title: string) =>
    many(ROWS, (i) => {
      const day = new Date(Date.UTC(2023, 0, 1 + (i % 900))).toISOString().slice(0, 10)
      return [`${title} ${i}`, `K-${i}`, day, i % WRONG_EACH ? 'john_doe' : 'nobody', `l${i % 300},l${i % 7}`]
    })
  const wrong = ROWS / WRONG_EACH

  test('are checked and merged in statements that end', async () => {
    const id = await stage(app, admin, HEADER, rows('Task'))
    await run(app, id)
    assert.deepEqual(await outcome(app, id), ['done', ROWS - wrong, 0, 0, wrong])
    await assertExact(app, id, ROWS - wrong)
  })

  test('are changed in statements that end, also as a dry run', async () => {
    const planned = await stage(app, admin, HEADER, rows('Changed'), { dryRun: true })
    await run(app, planned)
    assert.deepEqual(await outcome(app, planned), ['ready', 0, ROWS - wrong, 0, wrong])
    const id = await stage(app, admin, HEADER, rows('Changed'))
    await run(app, id)
    assert.deepEqual(await outcome(app, id), ['done', 0, ROWS - wrong, 0, wrong])
    assert.equal(await count(app, `tasks where title like 'Changed %' and version = 2`), ROWS - wrong)
  })
})
