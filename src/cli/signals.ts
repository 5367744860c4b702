/** Resolves at the first SIGTERM or SIGINT and aborts `stopping`; a second one ends the process at once. */
export function onStopSignal(stopping: AbortController): Promise<void> {
  return new Promise((resolve) => {
    const handle = () => {
      if (stopping.signal.aborted) process.exit(1)
      stopping.abort()
      resolve()
    }
    process.on('SIGTERM', handle)
    process.on('SIGINT', handle)
  })
}
