import { type DestinationStream, type Logger, pino } from 'pino'

export type { Logger }

/**
 * JSON lines on standard output. Headers and bodies are never logged; the redaction is a second line of defence
 * for an object logged whole.
 *
 * @param level a pino level, or `silent`
 */
export function createLogger(level: string, stream: DestinationStream = standardOutput()): Logger {
  return pino(
    {
      level,
      base: { pid: process.pid },
      redact: {
        paths: ['password', 'token', 'authorization', 'cookie', '*.password', '*.token', '*.authorization', '*.cookie'],
        censor: '[redacted]',
      },
      serializers: { err: errorForLog },
    },
    stream,
  )
}

/** What is held of lines that cannot be written. */
const MOST_HELD_BYTES = 4_194_304

/** A closed or full standard output must not take the service down: lines are lost then. */
function standardOutput(): DestinationStream {
  const stream = pino.destination({ dest: 1, sync: false, maxLength: MOST_HELD_BYTES })
  const { flushSync } = stream
  // When the process ends, it writes what is left until it can, on a full disk for ever: then the rest is let go.
  stream.on('error', () => {
    stream.flushSync = () => {}
  })
  stream.on('write', () => {
    stream.flushSync = flushSync
  })
  return stream
}

/** Keeps the message, code and stack, and leaves out what a database error carries of the row (`detail`, `where`). */
function errorForLog(error: unknown): unknown {
  if (!(error instanceof Error)) return { message: messageOf(error) }
  const code = 'code' in error ? error.code : undefined
  return {
    type: error.name,
    message: error.message,
    code,
    stack: error.stack,
    cause: error.cause instanceof Error ? errorForLog(error.cause) : undefined,
  }
}

/** The job queue tells of its errors as plain objects. */
function messageOf(error: unknown): string {
  const message = error && typeof error === 'object' && 'message' in error ? error.message : error
  return String(message)
}
