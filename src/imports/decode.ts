import { isAscii } from 'node:buffer'
import { CsvFileError } from './csv-file.ts'

export const ENCODINGS = ['utf-8', 'utf-16le', 'utf-16be', 'windows-1252', 'iso-8859-1'] as const
export type Encoding = (typeof ENCODINGS)[number]

/** What a request may say: the name of an encoding, or what people call one. */
export const ENCODING_NAMES = [...ENCODINGS, 'latin-1'] as const

export const encodingOf = (name: (typeof ENCODING_NAMES)[number]): Encoding =>
  name === 'latin-1' ? 'iso-8859-1' : name

const MARKS: [Encoding, number[]][] = [
  ['utf-8', [0xef, 0xbb, 0xbf]],
  ['utf-16le', [0xff, 0xfe]],
  ['utf-16be', [0xfe, 0xff]],
]
const LONGEST_MARK = 3

/** A table of our own: the TextDecoder of many a Node 24 reads these bytes as ISO 8859-1 (nodejs/node#60888). */
const WINDOWS_1252_FROM_80 =
  '\u20ac\x81\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\x8d\u017d\x8f' +
  '\x90\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\x9d\u017e\u0178'

/**
 * The bytes of a file as UTF-8, in constant memory. Without `encoding` a byte order mark tells UTF-16, and all else
 * passes untouched: the splitter checks UTF-8. A byte order mark stays where it is. How chunks are cut never changes the
 * result; what stands before a fatal byte comes first.
 *
 * @throws CsvFileError BAD_ENCODING for UTF-16 that is none, and for a byte order mark of another encoding than told
 */
export async function* decode(bytes: AsyncIterable<Uint8Array>, encoding?: Encoding): AsyncGenerator<Uint8Array> {
  let decoder: Decoder | undefined
  for await (const chunk of withBeginning(bytes)) {
    decoder ??= openDecoder(chunk, encoding)
    const { text, bad } = decoder.push(chunk)
    if (text.length > 0) yield text
    if (bad) throw bad
  }
  const bad = decoder?.end?.()
  if (bad) throw bad
}

interface Decoder {
  push(chunk: Uint8Array): { text: Uint8Array; bad?: CsvFileError }
  end?(): CsvFileError | undefined
}

/** The same bytes, the first chunk being long enough to hold a byte order mark. */
async function* withBeginning(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let begin: Uint8Array | undefined = new Uint8Array()
  for await (const chunk of bytes) {
    if (!begin) yield chunk
    else {
      begin = begin.length > 0 ? Buffer.concat([begin, chunk]) : Uint8Array.from(chunk)
      if (begin.length < LONGEST_MARK) continue
      yield begin
      begin = undefined
    }
  }
  if (begin?.length) yield begin
}

/** What a byte order mark says. */
export const markedEncoding = (begin: Uint8Array): Encoding | undefined =>
  MARKS.find(([, mark]) => mark.every((byte, i) => begin[i] === byte))?.[0]

function openDecoder(begin: Uint8Array, told: Encoding | undefined): Decoder {
  const marked = markedEncoding(begin)
  const encoding = told ?? marked ?? 'utf-8'
  // Of a file that is told to be UTF-8 the splitter says so itself.
  if (marked && marked !== encoding && encoding !== 'utf-8') {
    const says = `its byte order mark is that of ${marked.toUpperCase()}, not of ${encoding.toUpperCase()}`
    throw new CsvFileError('BAD_ENCODING', says, { byte: 0 })
  }
  if (encoding === 'utf-16le' || encoding === 'utf-16be') return new Utf16Decoder(encoding)
  if (encoding === 'utf-8') return { push: (text) => ({ text }) }
  const fromLatin1 = encoding === 'iso-8859-1' ? (text: string) => text : windows1252
  return { push: (chunk) => ({ text: isAscii(chunk) ? chunk : Buffer.from(fromLatin1(latin1(chunk))) }) }
}

const latin1 = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')

/** As the WHATWG has it: the five bytes that are undefined become the control characters of their number. */
function windows1252(text: string): string {
  return text.replace(/[\x80-\x9f]/g, (char) => WINDOWS_1252_FROM_80[char.charCodeAt(0) - 0x80] as string)
}

const isHighSurrogate = (unit: number) => (unit & 0xfc00) === 0xd800
const isLowSurrogate = (unit: number) => (unit & 0xfc00) === 0xdc00

class Utf16Decoder implements Decoder {
  readonly #encoding: Encoding
  /** Bytes of a character whose rest is in the next chunk, as in the file. */
  #rest: Uint8Array = new Uint8Array()
  /** Where in the file `#rest` begins. */
  #offset = 0

  constructor(encoding: 'utf-16le' | 'utf-16be') {
    this.#encoding = encoding
  }

  push(chunk: Uint8Array): { text: Uint8Array; bad?: CsvFileError } {
    const bytes = Buffer.concat([this.#rest, chunk])
    const size = this.#wholeCharacters(bytes)
    const text = this.#read(bytes.subarray(0, size))
    if (!text.isWellFormed()) {
      const good = wellFormedUnits(text)
      return {
        text: Buffer.from(text.slice(0, good)),
        bad: this.#bad('an unpaired surrogate', this.#offset + 2 * good),
      }
    }
    this.#rest = Uint8Array.from(bytes.subarray(size))
    this.#offset += size
    return { text: Buffer.from(text) }
  }

  end(): CsvFileError | undefined {
    if (this.#rest.length === 0) return undefined
    const what = this.#rest.length === 1 ? 'half a character at the end' : 'an unpaired surrogate'
    return this.#bad(what, this.#offset)
  }

  #wholeCharacters(bytes: Buffer): number {
    const size = bytes.length - (bytes.length % 2)
    if (size === 0) return 0
    const last = this.#encoding === 'utf-16le' ? bytes.readUInt16LE(size - 2) : bytes.readUInt16BE(size - 2)
    return isHighSurrogate(last) ? size - 2 : size
  }

  #read(bytes: Buffer): string {
    return this.#encoding === 'utf-16le' ? bytes.toString('utf16le') : Buffer.from(bytes).swap16().toString('utf16le')
  }

  #bad(what: string, byte: number): CsvFileError {
    return new CsvFileError('BAD_ENCODING', `not ${this.#encoding.toUpperCase()}: ${what}, byte ${byte}`, { byte })
  }
}

/** How many units stand before the first surrogate that has no partner. */
function wellFormedUnits(text: string): number {
  let at = 0
  for (; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (isLowSurrogate(unit)) break
    if (isHighSurrogate(unit) && !isLowSurrogate(text.charCodeAt(++at))) return at - 1
  }
  return at
}
