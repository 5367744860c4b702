import type { Delimiter, RejectCode } from './csv-file.ts'

/** What is wrong with a record as it stands in the file. */
export interface Defect {
  code: RejectCode
  message: string
}

export interface ScannedRecord {
  /** The physical line it begins on; the first one is 1. */
  line: number
  lastLine: number
  cells: number
  hasNul: boolean
  defect: Defect | undefined
}

/** What becomes of records. */
export interface RecordTaker {
  /** The scanner pauses before the next record. */
  readonly isFull: boolean
  /** Told of a defect as soon as it is known; what is thrown ends the scan there. */
  spoil(defect: Defect, record: Pick<ScannedRecord, 'line' | 'hasNul'>): void
  /** A record, without its line end; perhaps a blank line. The bytes are the scanner's again afterwards. */
  take(work: Buffer, start: number, end: number, record: ScannedRecord): void
}

/** What is there, at least, of a record over the limit when it is taken. */
export const SHOWN_BYTES = 2_000

const [NUL, LF, CR, QUOTE] = [0x00, 0x0a, 0x0d, 0x22]
/** Kinds of byte outside quotes; those from STOP on end a run of plain bytes. */
const [NUL_KIND, DELIMITER_KIND, STOP] = [1, 2, 3]
/** Where in a record the scanner stands. SPOILT: the record is rejected, its line end is awaited. */
const [PLAIN, QUOTED, CLOSING, SPOILT] = [0, 1, 2, 3]

/**
 * Finds where the records of a CSV file end, and counts cells and lines on the way; CsvSplitter tells the rules. In a
 * window of bytes that holds one record and what has been given since.
 */
export class RecordScanner {
  readonly #taker: RecordTaker
  readonly #delimiterByte: number
  readonly #kinds: Uint8Array
  readonly #maxRecordBytes: number

  // The bytes not done with: a record's from #start on, read as far as #pos, known as far as #end.
  #work = Buffer.allocUnsafe(256 * 1024)
  #start = 0
  #pos = 0
  #end = 0
  #line = 1
  #afterCr = false
  #atFileStart = true

  // The record being read.
  #state = PLAIN
  #startLine = 1
  #cells = 1
  #hasNul = false
  #defect: Defect | undefined
  /** Where the line after the one on which the quoted cell began starts; 0 while still on that line. */
  #nextLine = 0
  #cellLine = 1

  constructor(delimiter: Delimiter, maxRecordBytes: number, taker: RecordTaker) {
    this.#taker = taker
    this.#delimiterByte = delimiter.charCodeAt(0)
    this.#kinds = kindsOfBytes(this.#delimiterByte)
    this.#maxRecordBytes = maxRecordBytes
  }

  /** The physical line that is being read. */
  get line(): number {
    return this.#line
  }

  /** Bytes from the beginning of the record on, as far as they are known. */
  get unread(): number {
    return this.#end - this.#start
  }

  /** Reads these bytes of the file and those left before, until the taker is full. */
  push(bytes: Uint8Array): void {
    if (this.#end + bytes.length > this.#work.length) this.#makeRoom(bytes.length)
    this.#work.set(bytes, this.#end)
    this.#end += bytes.length
    this.#read()
  }

  /** As push, when no more bytes are to come. @returns whether all has been read, but for a record left open at the end */
  readRest(): boolean {
    this.#atFileStart = false
    this.#read()
    return this.#pos === this.#end
  }

  /** After readRest: ends the record left open, and reads again what a quote never closed had taken along. */
  finish(): void {
    while (this.#start < this.#end && !this.#taker.isFull) {
      this.#endOfFile()
      this.#read()
    }
  }

  #makeRoom(size: number): void {
    const old = this.#work
    const needed = this.#end - this.#start + size
    // At most half full afterwards, so that a long record in small chunks isn't moved at each of them.
    if (needed * 2 > old.length) this.#work = Buffer.allocUnsafe(needed * 2)
    old.copy(this.#work, 0, this.#start, this.#end)
    if (this.#nextLine) this.#nextLine -= this.#start
    this.#pos -= this.#start
    this.#end -= this.#start
    this.#start = 0
  }

  #read(): void {
    if (this.#atFileStart && !this.#skipByteOrderMark()) return
    while (this.#pos < this.#end && !this.#taker.isFull) {
      if (this.#afterCr) this.#skipLfOfCrLf()
      else if (this.#state === PLAIN) this.#readPlain()
      else if (this.#state === QUOTED) this.#readQuoted()
      else if (this.#state === CLOSING) this.#readAfterQuote()
      else this.#readSpoilt()
      if (this.#pos - this.#start > this.#maxRecordBytes && this.#state !== SPOILT) this.#overflow()
    }
    if (this.#state === SPOILT && this.#pos === this.#end) this.#forgetSpoilt()
  }

  /** False while the file is too short to tell. */
  #skipByteOrderMark(): boolean {
    if (this.#end < 3) return false
    this.#atFileStart = false
    const [a, b, c] = this.#work
    if (a === 0xef && b === 0xbb && c === 0xbf) this.#start = this.#pos = 3
    return true
  }

  /** The record ended at the CR already, which may have been the last byte of a chunk. */
  #skipLfOfCrLf(): void {
    this.#afterCr = false
    if (this.#work[this.#pos] === LF) this.#start = ++this.#pos
  }

  /** One byte over the limit is looked at: a line end may stand there. */
  #stop(): number {
    return Math.min(this.#end, this.#start + this.#maxRecordBytes + 1)
  }

  #readPlain(): void {
    const work = this.#work
    const kinds = this.#kinds
    const stop = this.#stop()
    let pos = this.#pos
    let cells = this.#cells
    for (; pos < stop; pos++) {
      const kind = kinds[work[pos] as number] as number
      if (kind === 0) continue
      if (kind >= STOP) break
      if (kind === DELIMITER_KIND) cells++
      else this.#hasNul = true
    }
    this.#pos = pos
    this.#cells = cells
    if (pos === stop) return
    if (work[pos] === QUOTE) this.#openQuote()
    else this.#endRecord()
  }

  #openQuote(): void {
    const before = this.#pos === this.#start ? undefined : this.#work[this.#pos - 1]
    this.#pos++
    if (before === undefined || before === this.#delimiterByte) {
      this.#state = QUOTED
      this.#nextLine = 0
      this.#cellLine = this.#line
    } else
      this.#spoil({ code: 'STRAY_QUOTE', message: `a quote inside cell ${this.#cells}, which does not begin with one` })
  }

  #readQuoted(): void {
    const work = this.#work
    const stop = this.#stop()
    let pos = this.#pos
    for (; pos < stop; pos++) {
      const byte = work[pos] as number
      if (byte > QUOTE) continue
      if (byte === QUOTE) break
      if (byte === NUL) this.#hasNul = true
      else if (byte === CR || byte === LF) this.#countLine(pos, byte)
    }
    this.#pos = pos
    if (pos === stop) return
    this.#state = CLOSING
    this.#pos++
  }

  #countLine(pos: number, byte: number): void {
    if (byte === LF && this.#work[pos - 1] === CR) return
    this.#line++
    this.#nextLine ||= pos + 1
  }

  #readAfterQuote(): void {
    const byte = this.#work[this.#pos] as number
    if (byte === CR || byte === LF) this.#endRecord()
    else if (byte !== QUOTE && byte !== this.#delimiterByte) this.#textAfterQuote()
    else {
      this.#pos++
      this.#state = byte === QUOTE ? QUOTED : PLAIN
      if (byte === this.#delimiterByte) this.#cells++
    }
  }

  #textAfterQuote(): void {
    if (this.#nextLine) this.#resume(`text follows the next quote, on line ${this.#line}`)
    else this.#spoil({ code: 'STRAY_QUOTE', message: `text after the closing quote of cell ${this.#cells}` })
  }

  #overflow(): void {
    const quoted = this.#state === QUOTED || this.#state === CLOSING
    if (quoted && this.#nextLine) this.#resume(`no closing quote within ${this.#maxRecordBytes} bytes`)
    else this.#spoil(this.#tooLong())
  }

  #tooLong(): Defect {
    return { code: 'RECORD_TOO_LONG', message: `longer than ${this.#maxRecordBytes} bytes` }
  }

  /** All has been read, and a record is open. */
  #endOfFile(): void {
    const why = 'no closing quote before the end of the file'
    if (this.#state === QUOTED && this.#nextLine) this.#resume(why)
    else {
      if (this.#state === QUOTED) this.#spoil(this.#unclosed(why))
      this.#finishRecord()
      this.#beginRecord(this.#end, this.#line)
    }
  }

  /** Gives the record up to the end of the line its last quote opened on as one to reject; the next line begins a record. */
  #resume(why: string): void {
    const at = this.#nextLine
    this.#take(at - 1, this.#unclosed(why), this.#startLine)
    this.#afterCr = this.#work[at - 1] === CR
    this.#beginRecord(at, this.#cellLine + 1)
  }

  #unclosed(why: string): Defect {
    return { code: 'UNCLOSED_QUOTE', message: `the quote that opens cell ${this.#cells}: ${why}` }
  }

  #spoil(defect: Defect): void {
    this.#taker.spoil(defect, { line: this.#startLine, hasNul: this.#hasNul })
    this.#state = SPOILT
    this.#defect = defect
  }

  #readSpoilt(): void {
    const work = this.#work
    let pos = this.#pos
    while (pos < this.#end && work[pos] !== LF && work[pos] !== CR) pos++
    this.#pos = pos
    if (pos < this.#end) this.#endRecord()
  }

  /** Keeps what `raw` may hold and no more, so that a line of any length passes in constant memory. */
  #forgetSpoilt(): void {
    const kept = Math.max(SHOWN_BYTES, this.#maxRecordBytes) + 1
    this.#pos = this.#end = Math.min(this.#end, this.#start + kept)
  }

  /** At a line end. */
  #endRecord(): void {
    this.#finishRecord()
    this.#afterCr = this.#work[this.#pos] === CR
    this.#beginRecord(this.#pos + 1, this.#line + 1)
  }

  #beginRecord(at: number, line: number): void {
    this.#start = this.#pos = at
    this.#line = this.#startLine = line
    this.#state = PLAIN
    this.#cells = 1
    this.#hasNul = false
    this.#defect = undefined
  }

  /** Whatever else is wrong with it, a record over the limit is told to be one, for it is not given back whole. */
  #finishRecord(): void {
    const isTooLong = this.#defect && this.#pos - this.#start > this.#maxRecordBytes
    this.#take(this.#pos, isTooLong ? this.#tooLong() : this.#defect, this.#line)
  }

  #take(end: number, defect: Defect | undefined, lastLine: number): void {
    const record = { line: this.#startLine, lastLine, cells: this.#cells, hasNul: this.#hasNul, defect }
    this.#taker.take(this.#work, this.#start, end, record)
  }
}

function kindsOfBytes(delimiterByte: number): Uint8Array {
  const kinds = new Uint8Array(256)
  kinds[NUL] = NUL_KIND
  kinds[delimiterByte] = DELIMITER_KIND
  for (const byte of [LF, CR, QUOTE]) kinds[byte] = STOP
  return kinds
}
