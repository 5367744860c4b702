import { createHash } from 'node:crypto'
import { type ColumnOptions, type ImportColumn, knowsColumn, mapColumns } from './columns.ts'
import { CsvFileError, type Delimiter, type Rejected, type SplitBatch } from './csv-file.ts'
import { CsvSplitter } from './csv-splitter.ts'
import { decode, type Encoding } from './decode.ts'
import { delimiterOf, SEPARATOR_LINE_BYTES } from './delimiter.ts'

export interface CsvReaderOptions extends ColumnOptions {
  /** Told by the byte order mark, else UTF-8, unless given. */
  encoding?: Encoding
  /** Told by a line `sep=`, else by the header, unless given. */
  delimiter?: Delimiter
  /** Of a workbook; the first one unless given. */
  sheet?: string
  /** Bytes of the file as it is sent. */
  maxBytes: number
}

export interface ReadBatch {
  /** Whole records ready for COPY, perhaps none: `<line><delimiter><record in UTF-8>\n`. */
  copy: Buffer
  rejected: Rejected[]
}

/**
 * Reads an uploaded file in constant memory: counts and hashes its bytes, decodes them, finds delimiter and header, and
 * cuts the rest into records. A file of the profile `original` is UTF-8 with commas, and nothing is guessed. How chunks
 * are cut never changes the result.
 */
export class CsvReader {
  /** From the first batch on. */
  header: string[] = []
  columns: ImportColumn[] = []
  delimiter: Delimiter = ','
  /** Bytes of the file taken so far, as they were sent. */
  bytes = 0

  readonly #options: CsvReaderOptions
  readonly #hash = createHash('sha256')
  #digest: Buffer | undefined
  #splitter = new CsvSplitter()

  constructor(options: CsvReaderOptions) {
    const { profile, maxBytes } = options
    this.#options = profile === 'original' ? { profile, maxBytes, encoding: 'utf-8', delimiter: ',' } : options
  }

  /** Rows seen so far, rejected ones included. */
  get records(): number {
    return this.#splitter.records
  }

  /** Of the bytes as they were sent. To be asked for when all batches have been taken. */
  sha256(): Buffer {
    this.#digest ??= this.#hash.digest()
    return this.#digest
  }

  /**
   * The first batch comes, perhaps empty, as soon as the header has been read and its columns are known.
   *
   * @throws CsvFileError, or AppError INVALID_CSV_HEADER (422), after which earlier batches must be thrown away
   */
  async *batches(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<ReadBatch> {
    const text = decode(this.#countAndHash(bytes), this.#options.encoding)
    try {
      const begin = this.#options.profile === 'original' ? undefined : await this.#open(text)
      if (begin) yield* this.#take((splitter) => splitter.push(begin))
      for await (const chunk of text) yield* this.#take((splitter) => splitter.push(chunk))
      while (!this.#splitter.ended) yield* this.#take((splitter) => splitter.end())
    } finally {
      await text.return(undefined)
    }
  }

  async *#countAndHash(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const { maxBytes } = this.#options
    for await (const chunk of bytes) {
      const taken = chunk.subarray(0, maxBytes - this.bytes)
      this.bytes += taken.length
      this.#hash.update(taken)
      yield taken
      if (taken.length < chunk.length) {
        throw new CsvFileError('FILE_TOO_LARGE', `the file has more than ${maxBytes} bytes`)
      }
    }
  }

  /** @returns the beginning of the text, as far as it had to be read */
  async #open(text: AsyncGenerator<Uint8Array>): Promise<Buffer> {
    const begin = await readWhile(text, (size) => size < SEPARATOR_LINE_BYTES)
    const found = delimiterOf(begin, this.#options.delimiter, knowsColumn(this.#options.mapping))
    const search = typeof found === 'string' ? undefined : found
    const more = await readWhile(
      text,
      () => search?.isOver === false,
      (chunk) => search?.push(chunk),
    )
    this.delimiter = typeof found === 'string' ? found : found.end()
    this.#splitter = new CsvSplitter({ delimiter: this.delimiter })
    return Buffer.concat([begin, more])
  }

  *#take(read: (splitter: CsvSplitter) => SplitBatch): Generator<ReadBatch> {
    const isFirst = this.columns.length === 0
    const { copy, rejected } = this.#read(read)
    const isReady = this.columns.length > 0
    if (isReady && (isFirst || copy.length > 0 || rejected.length > 0)) yield { copy, rejected }
  }

  #read(read: (splitter: CsvSplitter) => SplitBatch): SplitBatch {
    try {
      return read(this.#splitter)
    } finally {
      // What is wrong with the header is told before what is wrong further down, also when both come in one chunk.
      if (this.columns.length === 0) this.#mapHeader()
    }
  }

  #mapHeader(): void {
    const { header } = this.#splitter
    if (!header) return
    this.columns = mapColumns(header, this.#options)
    this.header = header
  }
}

/** Takes chunks, copies of them, since they may be overwritten when the next one is asked for. */
async function readWhile(
  text: AsyncGenerator<Uint8Array>,
  goesOn: (size: number) => boolean,
  look?: (chunk: Uint8Array) => void,
): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  while (goesOn(size)) {
    const { done, value } = await text.next()
    if (done) break
    chunks.push(Buffer.from(value))
    size += value.length
    look?.(value)
  }
  return Buffer.concat(chunks)
}
