import type { IncomingMessage } from 'node:http'

/** How long a body may take that is not an upload. */
const BODY_TIMEOUT_MS = 20_000
/** How often an upload is looked at, and what must have come since, unless it is us it waits for. */
const LOOK_MS = 9_000
const LEAST_BYTES = 2_000
const MOST_LOOKS = 2

/** As its head says (RFC 9112, 6.3). */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/** @param giveUp called once, when the body has not arrived in time */
export function limitBodyTime(raw: IncomingMessage, giveUp: () => void): void {
  const timer = setTimeout(giveUp, BODY_TIMEOUT_MS).unref()
  raw.once('end', () => clearTimeout(timer)).once('close', () => clearTimeout(timer))
}

/**
 * Gives up on an upload that hardly moves: it holds a connection of the database for as long as it likes. A client that is
 * held up by us has sent more than we have read.
 *
 * @param giveUp called once, 18 to 27 s after bytes have stopped coming
 */
export function watchUpload(raw: IncomingMessage, giveUp: () => void): void {
  let seen = raw.socket.bytesRead
  let idle = 0
  const timer = setInterval(() => {
    const { bytesRead } = raw.socket
    const waitsForUs = raw.readableLength > 0 || raw.complete
    idle = waitsForUs || bytesRead - seen >= LEAST_BYTES ? 0 : idle + 1
    seen = bytesRead
    if (idle < MOST_LOOKS) return
    clearInterval(timer)
    giveUp()
  }, LOOK_MS).unref()
  raw.once('close', () => clearInterval(timer))
}
