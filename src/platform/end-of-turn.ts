let waiting: (() => void)[] = []

/**
 * Work that is done together, at the end of this turn of the event loop. Answers that leave one right after the other find
 * their readers awake, which a write in between would have to wake again: dearer than all the rest of a small request.
 */
export function atEndOfTurn(work: () => void): void {
  if (waiting.push(work) === 1) setImmediate(doAll)
}

function doAll(): void {
  const all = waiting
  waiting = []
  for (const work of all) work()
}
