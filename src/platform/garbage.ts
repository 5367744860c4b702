import v8 from 'node:v8'
import vm from 'node:vm'

type Collector = (options?: { type: 'major'; execution: 'sync'; flavor: 'regular' | 'last-resort' }) => void

let collector: Collector | undefined

/**
 * For work that makes garbage by the megabyte.
 *
 * @param every so much of what is counted
 * @returns to be told how much has been done, and collects when it is time
 */
export function collectEvery(every: number): (amount: number) => void {
  let uncollected = 0
  return (amount) => {
    uncollected += amount
    if (uncollected < every) return
    uncollected = 0
    collectGarbage()
  }
}

/**
 * Collects all garbage at once, in some 10 to 20 ms. V8 waits until the heap has doubled, or buffers outside of it have taken
 * 64 MB: too long for work that makes megabytes of garbage in memory that is counted. Not for requests.
 */
export function collectGarbage(): void {
  collector ??= exposeCollector()
  collector()
}

/**
 * Once, when a process is ready: what its start has left is collected, in some 100 ms, and its pages go back to the system.
 * V8 does so at its first full collection only, for which it waits until the heap has doubled, and keeps the pages (measured:
 * 57 MB of heap when ready in place of 32, bench/soak.ts).
 */
export function collectAfterStart(): void {
  collector ??= exposeCollector()
  collector({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}

/**
 * V8 watches what each place in the code allocates, and allocates among what is old where much lived long: while a process
 * starts much does that no request will. There a header's record holds its whole request until the next full collection
 * (measured: a process of 207 MB in place of 161, bench/soak.ts). To be called before the first request.
 */
export function allocateYoung(): void {
  v8.setFlagsFromString('--no-allocation-site-pretenuring')
}

/** The flag counts for contexts that are made after it. */
function exposeCollector(): Collector {
  v8.setFlagsFromString('--expose-gc')
  const gc = vm.runInNewContext('gc') as Collector
  v8.setFlagsFromString('--no-expose-gc')
  return gc
}
