import { setTimeout as sleep } from 'node:timers/promises'
import type { Scope } from '../app.ts'
import { audit, type Findings } from './audit.ts'
import { Client } from './client.ts'
import { Journal } from './journal.ts'
import { type Plan, scheduleOf } from './plan.ts'
import { Rig } from './rig.ts'

export interface Report extends Findings {
  journal: Journal
  seconds: number
}

/**
 * Lets clients write while the plan's faults happen, and compares in the end. An immediate stop ends PostgreSQL's
 * processes without a checkpoint, as a crash of the server does; what the kernel has taken survives it.
 *
 * @param tell is told how it goes
 */
export async function runPlan(t: Scope, plan: Plan, tell: (line: string) => void = () => {}): Promise<Report> {
  const rig = await Rig.start(t)
  const journal = new Journal()
  const began = performance.now()
  let isOver = false
  const clients = Array.from({ length: plan.clients }, (_, i) => new Client(i, plan.seed, rigTarget(rig), journal))
  const running = Promise.all(clients.map((client) => client.run(() => isOver)))
  for (const fault of scheduleOf(plan)) {
    await acknowledged(journal, fault.at, rig)
    tell(`${journal.acknowledged} acknowledged: ${fault.kind}`)
    await rig.bringAbout(fault)
  }
  await acknowledged(journal, plan.writes, rig)
  isOver = true
  await running
  const seconds = (performance.now() - began) / 1_000
  return { journal, seconds, ...(await audit(rig.databaseUrl, journal)) }
}

const rigTarget = (rig: Rig) => ({ base: () => rig.base(), token: rig.token })

const STANDSTILL_MS = 60_000

async function acknowledged(journal: Journal, count: number, rig: Rig): Promise<void> {
  let last = -1
  let since = Date.now()
  while (journal.acknowledged < count) {
    if (journal.acknowledged !== last) {
      last = journal.acknowledged
      since = Date.now()
    }
    if (Date.now() - since > STANDSTILL_MS) {
      throw new Error(`nothing was acknowledged for a minute: ${journal.unexpected.slice(0, 3)} ${rig.output()}`)
    }
    await sleep(2)
  }
}

/** One line each, for people. */
export function linesOf({ journal, seconds, missing, doubled, wrong }: Report): string[] {
  const few = (title: string, items: string[]) =>
    items.length === 0 ? [] : [`${title}:`, ...items.slice(0, 5).map((item) => `  ${item}`)]
  const keyed = [...journal.creates.values()].filter((create) => create.keyed).length
  return [
    `${journal.acknowledged} acknowledged writes in ${seconds.toFixed(1)} s: ${journal.creates.size} creates tried, ${keyed} of them with a key, ${journal.deletes.length} deletions`,
    `${journal.unanswered} requests without an answer, ${journal.replays} sent again with their key`,
    `${missing.length} missing, ${doubled.length} doubled, ${wrong.length} wrong, ${journal.unexpected.length} unexpected answers`,
    ...few('missing', missing),
    ...few('doubled', doubled),
    ...few('wrong', wrong),
    ...few('unexpected', journal.unexpected),
  ]
}
