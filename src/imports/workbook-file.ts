import type { FileHandle } from 'node:fs/promises'
import { SaxesParser } from 'saxes'
import { type Entry, fromFdPromise, type ZipFile } from 'yauzl'
import { CsvFileError } from './csv-file.ts'

const MOST_PARTS = 10_000
/** An honest sheet is some 10 times smaller packed; what unpacks to more than this is made to exhaust us. */
const MOST_TIMES_LARGER = 200
const SMALL_BYTES = 16 * 1024 * 1024
/** A cell has at most 32,767 characters. The parser holds what is between two tags. */
const MOST_BETWEEN_TAGS = 1024 * 1024

export const badWorkbook = (message: string) => new CsvFileError('BAD_WORKBOOK', message)

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
      for await (const entry of zip.eachEntry()) parts.set(comparable(entry.fileName), entry)
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
   * @throws CsvFileError BAD_WORKBOOK, and FILE_TOO_LARGE for more than `mostBytes`
   */
  async *read(part: string, handlers: XmlHandlers): AsyncGenerator<void> {
    const entry = this.#parts.get(comparable(part))
    if (!entry) throw badWorkbook(`it has no part ${part}`)
    if (entry.isEncrypted()) throw badWorkbook('it is protected by a password')
    const feed = xmlFeed(handlers)
    for await (const bytes of this.#unpack(entry)) {
      this.#count(bytes.length)
      feed(bytes)
      yield
    }
    feed(undefined)
    yield
  }

  async *#unpack(entry: Entry): AsyncGenerator<Buffer> {
    try {
      yield* await this.#zip.openReadStreamPromise(entry)
    } catch (error) {
      throw broken(error)
    }
  }

  /** The whole of a small part. */
  async readAll(part: string, handlers: XmlHandlers): Promise<void> {
    for await (const _ of this.read(part, handlers));
  }

  /** What a size in the file says is not believed; these are the bytes that came out. */
  #count(bytes: number): void {
    this.#unpacked += bytes
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
  parser.on('error', (error) => {
    throw broken(error)
  })
  parser.on('opentag', ({ name, attributes }) => {
    betweenTags = 0
    handlers.open?.(withoutPrefix(name), attributes)
  })
  parser.on('closetag', ({ name }) => {
    betweenTags = 0
    handlers.close?.(withoutPrefix(name))
  })
  parser.on('text', (text) => handlers.text?.(text))
  return (bytes) => {
    betweenTags += bytes?.length ?? 0
    if (betweenTags > MOST_BETWEEN_TAGS) throw badWorkbook('it has a text that is longer than a cell can be')
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
