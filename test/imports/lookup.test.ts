import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { checkRows } from '../../src/imports/check-queries.ts'
import { takeLease } from '../../src/imports/lease-queries.ts'
import { mergeStretch } from '../../src/imports/merge-queries.ts'
import type { Connection } from '../../src/platform/db.ts'
import { CleanupStack, type Person, type TestApp } from '../support/app.ts'
import { many, stage, startTeam } from './staged.ts'

const ROWS = 50

/** What of the work in one transaction read the whole table, and how often a key was looked for by its index. */
async function readsOf(app: TestApp, work: (tx: Connection) => Promise<unknown>) {
  return app.ctx.db.bulkTransaction(async (tx) => {
    const before = await countReads(tx)
    await work(tx)
    const after = await countReads(tx)
    return { whole: after.whole - before.whole, byKey: after.byKey - before.byKey }
  })
}

/** Since PostgreSQL last collected what this connection counts, which may be before this transaction. */
async function countReads(tx: Connection) {
  const { rows } = await tx.query<{ whole: number; byKey: number }>({
    text: `select (select seq_scan from pg_stat_xact_user_tables where relname = 'tasks') as whole,
                  (select pg_stat_get_xact_numscans('tasks_living_external_id'::regclass)) as "byKey"`,
  })
  return rows[0] ?? { whole: Number.NaN, byKey: Number.NaN }
}

describe('the key of a row, where the table was empty when PostgreSQL last looked,', () => {
  const cleanup = new CleanupStack()
  let app: TestApp
  let admin: Person

  before(async () => {
    ;({ app, admin } = await startTeam(cleanup))
    await app.ctx.db.query({ text: 'analyze tasks' })
  })
  after(() => cleanup.run())

  async function staged(dryRun: boolean) {
    const rows = many(ROWS, (i) => [`Task ${i}`, `K-${i}`])
    const row = await takeLease(app.ctx.db, await stage(app, admin, 'title,external_id', rows, { dryRun }), [
      'checking',
    ])
    assert.ok(row)
    return row
  }

  test('is found by its index by a dry run', async () => {
    const row = await staged(true)
    const reads = await readsOf(app, (tx) => checkRows(tx, row, 'UTC'))
    assert.deepEqual(reads, { whole: 0, byKey: ROWS })
  })

  test('is found by its index by a merge, once', async () => {
    const row = await staged(false)
    const reads = await readsOf(app, async (tx) => {
      await checkRows(tx, row, 'UTC')
      await mergeStretch(tx, { ...row, state: 'merging' }, ROWS + 1, 'UTC')
    })
    assert.deepEqual(reads, { whole: 0, byKey: ROWS })
  })
})
