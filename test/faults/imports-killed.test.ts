import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runKills } from '../support/import-kills.ts'

/** FAULTS=long is what the product is measured by; the short form is for every day. */
const isLong = process.env.FAULTS === 'long'
const plan = isLong ? { imports: 60, rows: 10_000, kills: 200 } : { imports: 6, rows: 4_000, kills: 20 }
const seed = Number(process.env.FAULTS_SEED ?? Date.now() % 1_000_000)

test(`imports under ${plan.kills} kills lose no row, double none and end (seed ${seed})`, async (t) => {
  const { wrong, imports, kills, settledMs } = await runKills(t, { ...plan, seed })
  t.diagnostic(
    `${imports} imports, ${JSON.stringify(kills)}, settled ${(settledMs / 1_000).toFixed(1)} s after the last kill`,
  )
  assert.deepEqual(wrong, [])
})
