import { randomFrom } from '../random.ts'

export interface PlannedFault {
  kind: 'stop PostgreSQL' | 'kill the API' | 'cut before' | 'cut after'
  /** Once so many writes have been acknowledged. */
  at: number
  /** How long it stays away. */
  pauseMs: number
  /** Cuts a COMMIT; otherwise a statement that commits by itself. */
  atCommit: boolean
}

export interface Plan {
  seed: number
  writes: number
  clients: number
  /** How many of each. */
  faults: Record<PlannedFault['kind'], number>
}

/** The same faults in the same order for the same seed, spread over the writes. */
export function scheduleOf({ seed, writes, faults }: Plan): PlannedFault[] {
  const random = randomFrom(seed)
  const kinds = Object.entries(faults) as [PlannedFault['kind'], number][]
  return kinds
    .flatMap(([kind, count]) => Array<typeof kind>(count).fill(kind))
    .map((kind) => ({
      kind,
      at: Math.floor(random() * writes * 0.98),
      pauseMs: Math.floor(random() * 400),
      atCommit: random() < 0.5,
    }))
    .sort((a, b) => a.at - b.at)
}
