import { parseArgs } from 'node:util'
import { CleanupStack } from '../test/support/app.ts'
import { linesOf, runPlan } from '../test/support/durability/run.ts'

/**
 * Is everything there that was acknowledged? `node scripts/launch.mjs bench/durability.ts [--stops 50] [--writes 100000]`
 * stops PostgreSQL at once that often under load, kills the API half as often, and cuts connections at COMMIT as often
 * before as after; test/faults/acknowledged.test.ts is the short form. `--seed` plays the same faults again.
 */
const { values } = parseArgs({
  options: {
    stops: { type: 'string', default: '50' },
    writes: { type: 'string', default: '100000' },
    clients: { type: 'string', default: '16' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
})
const [stops, writes, clients, seed] = [values.stops, values.writes, values.clients, values.seed].map(Number) as [
  number,
  number,
  number,
  number,
]
const faults = {
  'stop PostgreSQL': stops,
  'kill the API': Math.ceil(stops / 2),
  'cut before': stops,
  'cut after': stops,
}

console.log(
  `seed ${seed}: ${Object.entries(faults)
    .map(([kind, count]) => `${count} × ${kind}`)
    .join(', ')}`,
)
const cleanup = new CleanupStack()
try {
  const report = await runPlan(cleanup, { seed, writes, clients, faults }, console.log)
  console.log(linesOf(report).join('\n'))
  const isClean = [report.missing, report.doubled, report.wrong, report.journal.unexpected].every((l) => l.length === 0)
  process.exitCode = isClean ? 0 : 1
} finally {
  await cleanup.run()
}
