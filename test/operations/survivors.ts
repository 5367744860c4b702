import { loadConfig } from '../../src/platform/config.ts'
import { closeContext, createContext } from '../../src/platform/context.ts'
import { collectGarbage } from '../../src/platform/garbage.ts'
import { createLogger } from '../../src/platform/logger.ts'
import { oldBytes } from '../support/process-memory.ts'

/** Prints for each way to send a statement how many bytes of each outlive the young generation. In a process of its own: the
 * test runner watches every promise, which lets them live longer. */
const STATEMENTS = 8_000
const LANES = 4

const config = loadConfig(process.env)
const ctx = createContext(config, {
  databaseUrl: config.databaseUrl ?? '',
  role: 'test',
  log: createLogger('silent'),
})
const statement = { name: 'survivors', text: 'select 1 as one' }
const ways = {
  shared: () => ctx.db.query({ ...statement, quick: true }),
  alone: () => ctx.db.query(statement),
  transaction: () => ctx.db.transaction((tx) => tx.query(statement)),
}

async function run(ask: () => Promise<unknown>): Promise<void> {
  const lane = async () => {
    for (let i = 0; i < STATEMENTS / LANES; i++) await ask()
  }
  await Promise.all(Array.from({ length: LANES }, lane))
}

const left: Record<string, number> = {}
for (const [way, ask] of Object.entries(ways)) {
  await run(ask)
  collectGarbage()
  const before = oldBytes()
  await run(ask)
  left[way] = Math.round((oldBytes() - before) / STATEMENTS)
}
console.log(JSON.stringify(left))
await closeContext(ctx)
