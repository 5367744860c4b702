import cluster from 'node:cluster'

/**
 * Resolves at the first SIGTERM or SIGINT and aborts `stopping`; a second one ends the process at once. One of several
 * processes hears them from the terminal, a supervisor and its main process alike, and ends when the main one says so.
 */
export function onStopSignal(stopping: AbortController): Promise<void> {
  return new Promise((resolve) => {
    const stop = () => {
      if (stopping.signal.aborted && !cluster.isWorker) process.exit(1)
      stopping.abort()
      resolve()
    }
    process.on('SIGTERM', stop)
    process.on('SIGINT', cluster.isWorker ? () => {} : stop)
  })
}
