import type { ImportColumn } from './columns.ts'
import { CsvFileError, type Delimiter } from './csv-file.ts'
import { CsvReader, type CsvReaderOptions, type ReadBatch } from './csv-reader.ts'
import { WorkbookReader } from './workbook-reader.ts'

/** A file that is being read into records, with what is known of it so far. */
export interface TableReader {
  readonly header: string[]
  readonly columns: ImportColumn[]
  readonly delimiter: Delimiter
  /** Of a workbook, the name of the sheet that is read. */
  readonly sheet?: string
  readonly bytes: number
  readonly records: number
  sha256(): Buffer
  batches(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<ReadBatch>
}

const [ZIP, COMPOUND] = [Buffer.from('PK\x03\x04', 'latin1'), Buffer.from('D0CF11E0A1B11AE1', 'hex')]

/** @throws CsvFileError BAD_WORKBOOK for a workbook of a kind that is not read */
export function beginsAsWorkbook(begin: Buffer): boolean {
  if (begin.subarray(0, COMPOUND.length).equals(COMPOUND)) {
    throw new CsvFileError('BAD_WORKBOOK', 'it is a workbook with a password, or of Excel 97 (.xls): save it as .xlsx')
  }
  return begin.subarray(0, ZIP.length).equals(ZIP)
}

/**
 * Tells a workbook from a CSV file by its first bytes, whatever its name or type says. The profile `original` is CSV.
 *
 * @returns its reader, and the bytes from the first one on
 * @throws CsvFileError BAD_WORKBOOK for a workbook that cannot be read, for `sheet` of a file that is none, and for
 *   `encoding` or `delimiter` of one
 */
export async function openTable(
  bytes: AsyncIterable<Uint8Array>,
  options: CsvReaderOptions,
): Promise<{ reader: TableReader; bytes: AsyncIterable<Uint8Array> }> {
  if (options.profile === 'original') return { reader: new CsvReader(options), bytes }
  const source = bytes[Symbol.asyncIterator]()
  let begin: Buffer = Buffer.alloc(0)
  while (begin.length < COMPOUND.length) {
    const { done, value } = await source.next()
    if (done) break
    begin = Buffer.concat([begin, value])
  }
  const isWorkbook = beginsAsWorkbook(begin)
  const isTold = options.encoding !== undefined || options.delimiter !== undefined
  if (isWorkbook && isTold) {
    throw new CsvFileError('BAD_WORKBOOK', 'encoding and delimiter are for CSV files, and it is a workbook (.xlsx)')
  }
  if (options.sheet !== undefined && !isWorkbook) {
    throw new CsvFileError('BAD_WORKBOOK', 'sheet names one of a workbook (.xlsx), and the file is none')
  }
  const all = async function* () {
    try {
      yield begin
      for (let next = await source.next(); !next.done; next = await source.next()) yield next.value
    } finally {
      await source.return?.()
    }
  }
  return { reader: isWorkbook ? new WorkbookReader(options) : new CsvReader(options), bytes: all() }
}
