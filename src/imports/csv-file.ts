export type Delimiter = ',' | ';' | '\t' | '|'

/** Why one record can't be taken. The rest of the file goes in. */
export type RejectCode = 'WRONG_CELL_COUNT' | 'STRAY_QUOTE' | 'UNCLOSED_QUOTE' | 'RECORD_TOO_LONG' | 'NUL_BYTE'

export interface Rejected {
  /** Physical line the record begins on; the first line of the file is 1. */
  line: number
  code: RejectCode
  message: string
  /** The record as in the file, NUL shown as U+FFFD; of one that is RECORD_TOO_LONG the first 2,000 bytes. */
  raw: string
}

/** What one chunk gave. */
export interface SplitBatch {
  /** The names of the columns, only in the batch in which the header came to its end. */
  header?: string[]
  /** Whole records ready for COPY, perhaps none: `<line><delimiter><record as in the file>\n`. */
  copy: Buffer
  rejected: Rejected[]
}

type LimitCode = 'FILE_TOO_LARGE' | 'TOO_MANY_ROWS'
export type CsvFileErrorCode = 'NOT_UTF8' | 'BAD_ENCODING' | 'BAD_WORKBOOK' | 'EMPTY_FILE' | 'BAD_HEADER' | LimitCode

/** Something wrong with the file as a whole: stop, and take nothing of it. */
export class CsvFileError extends Error {
  readonly code: CsvFileErrorCode
  /** Offset in the file; its first byte, of a byte order mark if there is one, is 0. */
  readonly byte?: number
  /** Physical line; the first one is 1. */
  readonly line?: number

  constructor(code: CsvFileErrorCode, message: string, place: { byte?: number; line?: number } = {}) {
    super(message)
    this.name = 'CsvFileError'
    this.code = code
    this.byte = place.byte
    this.line = place.line
  }
}
