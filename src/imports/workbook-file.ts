import type { FileHandle } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { SaxesParser } from 'saxes'
import { type Entry, fromFdPromise, type ZipFile } from 'yauzl'
import { collectEvery } from '../platform/garbage.ts'
import { quoted } from './columns.ts'
import { CsvFileError } from './csv-file.ts'

export const MOST_PARTS = 10_000
/** Of the names, extra fields and comments of all parts, which stay in memory. */
const MOST_LISTED_BYTES = 1024 * 1024
/** An honest sheet is some 10 times smaller packed; what unpacks to more than this is made to exhaust us. */
const MOST_TIMES_LARGER = 200
const SMALL_BYTES = 16 * 1024 * 1024
/** Of a part that is kept in memory: styles with all that Excel allows have some 10 MB. */
const MOST_SMALL_BYTES = 16 * 1024 * 1024
/** A cell has at most 32,767 characters. The parser holds what is between two tags. */
export const MOST_CHARACTERS_OF_TEXT = 1024 * 1024
/** Unpacked bytes that make some 50 MB of garbage: texts, attributes, buffers. */
const COLLECT_EVERY_BYTES = 4 * 1024 * 1024
/** The parser holds the elements that are open. */
const MOST_OPEN = 256

export const badWorkbook = (message: string) => new CsvFileError('BAD_WORKBOOK', message)
export const textTooLong = () => badWorkbook('it has a text that is longer than a cell can be')

export interface XmlHandlers {
  /** Names come without their prefix. */
  open?(name: string, attributes: Record<string, string>): void
  close?(name: string): void
  text?(text: string): void
}

/** The parts of an Office Open XML file (ECMA-376) that is at rest, each read as a stream. */
export class WorkbookFile {
  readonly #zip: ZipFile
  readonly #parts: Map<string, Entry>
  readonly #mostBytes: number
  #unpacked = 0
  readonly #collect = collectEvery(COLLECT_EVERY_BYTES)

  private constructor(zip: ZipFile, parts: Map<string, Entry>, mostBytes: number) {
    this.#zip = zip
    this.#parts = parts
    this.#mostBytes = mostBytes
  }

  /**
   * @param mostBytes that all parts which are read may have when they are unpacked
   * @throws CsvFileError BAD_WORKBOOK
   */
  static async open(file: FileHandle, mostBytes: number): Promise<WorkbookFile> {
    try {
      const zip = await fromFdPromise(file.fd, { lazyEntries: true, autoClose: false })
      if (zip.entryCount > MOST_PARTS) throw badWorkbook(`it has more than ${MOST_PARTS} parts`)
      const parts = new Map<string, Entry>()
      let listed = 0
      for await (const entry of zip.eachEntry()) {
        listed += entry.fileNameLength + entry.extraFieldLength + entry.fileCommentLength
        if (listed > MOST_LISTED_BYTES) throw badWorkbook(`its list of parts has more than ${MOST_LISTED_BYTES} bytes`)
        parts.set(comparable(entry.fileName), entry)
      }
      return new WorkbookFile(zip, parts, mostBytes)
    } catch (error) {
      throw error instanceof CsvFileError ? error : broken(error)
    }
  }

  has(part: string): boolean {
    return this.#parts.has(comparable(part))
  }

  /**
   * Reads a part, calling the handlers; yields after each piece of it, so that what they made of it can be taken away.
   *
   * @param mostBytes of this part, unpacked
   * @throws CsvFileError BAD_WORKBOOK, and FILE_TOO_LARGE when all parts have more than they may
   */
  async *read(part: string, handlers: XmlHandlers, mostBytes = Number.POSITIVE_INFINITY): AsyncGenerator<void> {
    const entry = this.#parts.get(comparable(part))
    if (!entry) throw badWorkbook(`it has no part ${quoted([part])}`)
    if (entry.isEncrypted()) throw badWorkbook('it is protected by a password')
    const feed = xmlFeed(handlers)
    let size = 0
    for await (const bytes of this.#unpack(entry)) {
      this.#count(bytes.length)
      size += bytes.length
      if (size > mostBytes) throw badWorkbook(`its part ${quoted([part])} has more than ${mostBytes} bytes`)
      feed(bytes)
      yield
    }
    feed(undefined)
    yield
  }

  /** The archive's reader checks how many bytes come out, not which ones. */
  async *#unpack(entry: Entry): AsyncGenerator<Buffer> {
    let sum = 0
    try {
      for await (const bytes of await this.#zip.openReadStreamPromise(entry)) {
        sum = crc32(bytes, sum)
        yield bytes
      }
    } catch (error) {
      throw broken(error)
    }
    if (sum !== entry.crc32) throw broken(new Error(`the check sum of ${quoted([entry.fileName])} does not fit`))
  }

  /** The whole of a small part. */
  async readAll(part: string, handlers: XmlHandlers): Promise<void> {
    for await (const _ of this.read(part, handlers, MOST_SMALL_BYTES));
  }

  /** What a size in the file says is not believed; these are the bytes that came out. */
  #count(bytes: number): void {
    this.#unpacked += bytes
    this.#collect(bytes)
    if (this.#unpacked > this.#mostBytes) {
      throw new CsvFileError('FILE_TOO_LARGE', `unpacked it has more than ${this.#mostBytes} bytes`)
    }
    const packed = this.#zip.fileSize
    if (this.#unpacked > SMALL_BYTES && this.#unpacked > packed * MOST_TIMES_LARGER) {
      throw badWorkbook(`unpacked it is more than ${MOST_TIMES_LARGER} times as large`)
    }
  }
}

/** No entities but those of XML itself: the parser takes no others, so none can be made to grow. */
function xmlFeed(handlers: XmlHandlers): (bytes: Buffer | undefined) => void {
  const parser = new SaxesParser({ xmlns: false, position: false })
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let betweenTags = 0
  let openElements = 0
  parser.on('error', (error) => {
    throw broken(error)
  })
  parser.on('opentag', ({ name, attributes }) => {
    betweenTags = 0
    if (++openElements > MOST_OPEN) throw badWorkbook(`it has more than ${MOST_OPEN} elements within each other`)
    handlers.open?.(withoutPrefix(name), attributes)
  })
  parser.on('closetag', ({ name }) => {
    betweenTags = 0
    openElements--
    handlers.close?.(withoutPrefix(name))
  })
  parser.on('text', (text) => handlers.text?.(text))
  return (bytes) => {
    betweenTags += bytes?.length ?? 0
    if (betweenTags > MOST_CHARACTERS_OF_TEXT) throw textTooLong()
    parser.write(decode(decoder, bytes))
    if (!bytes) parser.close()
  }
}

function decode(decoder: InstanceType<typeof TextDecoder>, bytes: Buffer | undefined): string {
  try {
    return decoder.decode(bytes, { stream: bytes !== undefined })
  } catch (error) {
    throw broken(error)
  }
}

const withoutPrefix = (name: string) => name.slice(name.indexOf(':') + 1)
const comparable = (part: string) => part.replace(/^\//, '').toLowerCase()
const broken = (error: unknown) => badWorkbook(`the workbook is broken: ${(error as Error).message.split('\n')[0]}`)
