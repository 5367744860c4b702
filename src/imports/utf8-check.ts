import { isUtf8 } from 'node:buffer'

const NO_BYTES = new Uint8Array()

export interface BadByte {
  /** Offset in the file. */
  byte: number
  utf16: boolean
}

/** Lets whole characters through, up to the first byte that isn't UTF-8; one cut by a chunk waits for its rest. */
export class Utf8Check {
  #offset = 0
  #tail: Uint8Array = NO_BYTES

  push(chunk: Uint8Array): { text: Uint8Array; bad?: BadByte } {
    const bytes = this.#tail.length ? Buffer.concat([this.#tail, chunk]) : chunk
    const text = bytes.subarray(0, wholeCharacters(bytes))
    if (!isUtf8(text)) return this.#cutAtBadByte(bytes)
    this.#tail = Uint8Array.from(bytes.subarray(text.length))
    this.#offset += text.length
    return { text }
  }

  end(): BadByte | undefined {
    return this.#tail.length ? { byte: this.#offset, utf16: false } : undefined
  }

  #cutAtBadByte(bytes: Uint8Array): { text: Uint8Array; bad: BadByte } {
    const at = firstBadByte(bytes)
    const byte = this.#offset + at
    const [a = 0, b = 0] = bytes
    const utf16 = byte === 0 && ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff))
    return { text: bytes.subarray(0, at), bad: { byte, utf16 } }
  }
}

/** How many of the bytes are left without the beginning of a character at their end. */
export function wholeCharacters(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] as number
    const size = byte < 0xc0 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4
    if (size > back) return bytes.length - back
    if (byte < 0x80 || size > 1) break
  }
  return bytes.length
}

/** Halves the range, since every beginning of the bytes is UTF-8 up to the bad byte and none is after it. */
function firstBadByte(bytes: Uint8Array): number {
  let good = 0
  let bad = bytes.length
  while (bad - good > 1) {
    const middle = (good + bad) >>> 1
    const begin = bytes.subarray(0, middle)
    if (isUtf8(begin.subarray(0, wholeCharacters(begin)))) good = middle
    else bad = middle
  }
  return wholeCharacters(bytes.subarray(0, good))
}
