import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { type ImportColumn, mapColumns } from './columns.ts'
import { quotedCell } from './csv-cells.ts'
import { CsvFileError, type Delimiter, type Rejected } from './csv-file.ts'
import type { CsvReaderOptions, ReadBatch } from './csv-reader.ts'
import { openTemporaryFile, orStorageFull } from './temporary-file.ts'
import { WorkbookFile } from './workbook-file.ts'
import { readWorkbook } from './workbook-parts.ts'
import { type SheetRow, sheetRows } from './workbook-sheet.ts'
import { SharedStrings } from './workbook-strings.ts'

/** As of a CSV record. */
const MOST_IN_ROW = 1024 * 1024
/** Shown of a row over that. */
const SHOWN_CHARACTERS = 2_000
/** XML is longer than the cells it holds. */
const TIMES_UNPACKED = 4

/**
 * Reads an uploaded workbook (.xlsx, ECMA-376): the rows of one sheet, each as a CSV record under the number of its row. A
 * zip archive has its list at the end, and texts mostly stand behind the sheets that refer to them, so it cannot be read
 * as it arrives: it is put into a file without a name first. In memory there is one piece of it at a time.
 */
export class WorkbookReader {
  header: string[] = []
  columns: ImportColumn[] = []
  readonly delimiter: Delimiter = ','
  /** Its name, from the first batch on. */
  sheet: string | undefined
  bytes = 0
  /** Rows seen so far, rejected ones included. */
  records = 0

  readonly #options: CsvReaderOptions
  readonly #hash = createHash('sha256')
  #digest: Buffer | undefined

  constructor(options: CsvReaderOptions) {
    this.#options = options
  }

  sha256(): Buffer {
    this.#digest ??= this.#hash.digest()
    return this.#digest
  }

  /** @throws CsvFileError, or AppError INVALID_CSV_HEADER (422) */
  async *batches(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<ReadBatch> {
    const file = await openTemporaryFile()
    let strings: SharedStrings | undefined
    try {
      await this.#keep(file, bytes)
      const archive = await WorkbookFile.open(file, this.#options.maxBytes * TIMES_UNPACKED)
      const workbook = await readWorkbook(archive, this.#options.sheet)
      this.sheet = workbook.sheetName
      if (workbook.strings && archive.has(workbook.strings)) {
        strings = await SharedStrings.read(archive, workbook.strings)
      }
      // What becomes of the sheet may be as large as a CSV file.
      const most = { inRow: MOST_IN_ROW, inAll: this.#options.maxBytes }
      for await (const rows of sheetRows(archive, workbook, strings, most)) yield* this.#take(rows)
      if (this.columns.length === 0) throw new CsvFileError('EMPTY_FILE', 'the sheet is empty')
    } finally {
      await strings?.close()
      await file.close()
    }
  }

  async #keep(file: FileHandle, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const { maxBytes } = this.#options
    for await (const chunk of bytes) {
      this.bytes += chunk.length
      if (this.bytes > maxBytes) throw new CsvFileError('FILE_TOO_LARGE', `the file has more than ${maxBytes} bytes`)
      this.#hash.update(chunk)
      await orStorageFull(() => file.writeFile(chunk))
    }
  }

  *#take(rows: SheetRow[]): Generator<ReadBatch> {
    const rejected: Rejected[] = []
    const isFirst = this.columns.length === 0
    let copy = ''
    for (const row of rows) {
      if (row.cells.every(([, text]) => text.trim() === '')) continue
      if (this.columns.length === 0) {
        this.#takeHeader(row)
        continue
      }
      this.records++
      const problem = this.#problemOf(row)
      if (problem) rejected.push({ line: row.line, ...problem })
      else copy += `${row.line}${this.delimiter}${this.#record(row)}\n`
    }
    const isReady = this.columns.length > 0
    if (isReady && (isFirst || copy !== '' || rejected.length > 0)) yield { copy: Buffer.from(copy), rejected }
  }

  #takeHeader(row: SheetRow): void {
    if (row.isTooLong) throw new CsvFileError('BAD_HEADER', 'the header is too long', { line: row.line })
    const names = Array<string>(widthOf(row)).fill('')
    for (const [column, text] of row.cells) names[column] = text
    this.columns = mapColumns(names, this.#options)
    this.header = this.columns.map(({ name }) => name)
  }

  #problemOf(row: SheetRow): Omit<Rejected, 'line'> | undefined {
    const raw = () => this.#record(row).replaceAll('\0', '\uFFFD')
    if (row.isTooLong) {
      const message = `longer than ${MOST_IN_ROW} characters`
      return { code: 'RECORD_TOO_LONG', message, raw: raw().slice(0, SHOWN_CHARACTERS).toWellFormed() }
    }
    const found = widthOf(row)
    if (found > this.columns.length) {
      const message = `has ${found} cells, the header has ${this.columns.length}`
      return { code: 'WRONG_CELL_COUNT', message, raw: raw() }
    }
    return row.cells.some(([, text]) => text.includes('\0'))
      ? { code: 'NUL_BYTE', message: 'a NUL byte', raw: raw() }
      : undefined
  }

  /** A sheet leaves empty cells out. */
  #record(row: SheetRow): string {
    const cells = Array<string>(Math.max(this.columns.length, widthOf(row))).fill('')
    for (const [column, text] of row.cells) cells[column] = quotedCell(text, this.delimiter)
    return cells.join(this.delimiter)
  }
}

const widthOf = ({ cells }: SheetRow) => (cells.at(-1)?.[0] ?? -1) + 1
