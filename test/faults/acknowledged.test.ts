import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { CleanupStack } from '../support/app.ts'
import { linesOf, runPlan } from '../support/durability/run.ts'

/**
 * Plays a run's faults again: `FAULTS_SEED=… npm test -- test/faults/acknowledged.test.ts`. With FAULTS=long there are
 * more of them; bench/durability.ts takes any number.
 */
const seed = Number(process.env.FAULTS_SEED ?? Date.now() % 1_000_000)

describe('what was acknowledged', () => {
  const cleanup = new CleanupStack()
  after(() => cleanup.run())

  test(`is there after crashes of PostgreSQL and of the API and lost connections, once (FAULTS_SEED=${seed})`, async () => {
    const times = process.env.FAULTS === 'long' ? 3 : 1
    const faults = { 'stop PostgreSQL': 4, 'kill the API': 2, 'cut before': 6, 'cut after': 6 }
    for (const kind of Object.keys(faults) as (keyof typeof faults)[]) faults[kind] *= times
    const report = await runPlan(cleanup, { seed, writes: 3_000 * times, clients: 8, faults })
    const summary = linesOf(report).join('\n')
    assert.deepEqual([report.missing, report.doubled, report.wrong], [[], [], []], summary)
    assert.deepEqual(report.journal.unexpected, [], summary)
    assert.ok(report.journal.unanswered > 0, 'the faults did happen')
  })
})
