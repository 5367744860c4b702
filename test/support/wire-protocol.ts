/**
 * As much of PostgreSQL's protocol 3.0 as it takes to tell one call of a driver from the next (manual, chapter
 * "Message Formats"). A message is one byte of type, four of length, and its body; the very first has no type.
 */
export interface Message {
  type: string
  /** The whole of it, as it travels. */
  bytes: Buffer
}

export const STARTUP = 196_608
export const SSL_REQUEST = 80_877_103

/** Cuts a stream into messages, wherever its chunks end. */
export class MessageReader {
  #rest: Buffer = Buffer.alloc(0)

  push(chunk: Buffer): void {
    this.#rest = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
  }

  /** The untyped message a connection begins with: its code is a version, or a question. */
  nextUntyped(): { code: number; bytes: Buffer } | undefined {
    const bytes = this.#take(0)
    return bytes && { code: bytes.readInt32BE(4), bytes }
  }

  next(): Message | undefined {
    const bytes = this.#take(1)
    return bytes && { type: String.fromCharCode(bytes[0] ?? 0), bytes }
  }

  #take(lengthAt: number): Buffer | undefined {
    if (this.#rest.length < lengthAt + 4) return undefined
    const end = lengthAt + this.#rest.readInt32BE(lengthAt)
    if (this.#rest.length < end) return undefined
    const bytes = this.#rest.subarray(0, end)
    this.#rest = this.#rest.subarray(end)
    return bytes
  }
}

/** The strings of a message's body, each ended by a zero byte. */
export function stringsOf(bytes: Buffer, start: number): string[] {
  return bytes.subarray(start).toString().split('\0')
}

export function message(type: string, ...parts: (string | Buffer)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(`${part}\0`) : part)))
  const head = Buffer.alloc(5)
  head.write(type)
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

/** Parse, Bind and Execute of a statement without name, parameters or rows. */
export function execution(sql: string): Buffer {
  const none = (bytes: number) => Buffer.alloc(bytes)
  return Buffer.concat([message('P', '', sql, none(2)), message('B', '', '', none(6)), message('E', '', none(4))])
}
