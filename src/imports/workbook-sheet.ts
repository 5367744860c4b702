import { quoted } from './columns.ts'
import { CsvFileError } from './csv-file.ts'
import { badWorkbook, type WorkbookFile, type XmlHandlers } from './workbook-file.ts'
import type { Workbook } from './workbook-parts.ts'
import type { SharedStrings } from './workbook-strings.ts'
import { columnOf, dateText, numberText, unescapeText } from './workbook-values.ts'

export interface SheetRow {
  /** As the spreadsheet numbers it; the first one is 1. */
  line: number
  /** Those that hold something, from left to right. The first column is 0. */
  cells: [column: number, text: string][]
  /** Of its texts, and of the delimiters before the last one. */
  characters: number
  /** It holds more characters than a row may; the cells are those that came before. */
  isTooLong: boolean
}

interface ParsedRow {
  line: number
  /** Each a text, or the number of a shared one. */
  cells: [column: number, value: string | number][]
  isTooLong: boolean
}

/** As of a CSV file. */
export interface MostCharacters {
  inRow: number
  /** A few bytes of a sheet may stand for any number of characters: its cells can share long texts. */
  inAll: number
}

/** Rows that are handed on together. */
const BATCH_CHARACTERS = 1024 * 1024
/** Of the format; Excel has no more. */
const LAST_LINE = 1_048_576

/**
 * The rows of a sheet (ECMA-376 part 1, 18.3) that are not empty, some of them at a time.
 *
 * @throws CsvFileError BAD_WORKBOOK, FILE_TOO_LARGE
 */
export async function* sheetRows(
  file: WorkbookFile,
  workbook: Workbook,
  strings: SharedStrings | undefined,
  most: MostCharacters,
): AsyncGenerator<SheetRow[]> {
  const parser = new SheetParser(workbook, most.inRow)
  let inAll = 0
  for await (const _ of file.read(workbook.sheet, parser)) {
    let batch: SheetRow[] = []
    let inBatch = 0
    for (const parsed of parser.take()) {
      const row = await withTexts(parsed, strings, most.inRow)
      if (row.cells.length === 0) continue
      batch.push(row)
      inBatch += row.characters
      inAll += row.characters
      if (inAll > most.inAll) throw new CsvFileError('FILE_TOO_LARGE', `its cells have more than ${most.inAll} bytes`)
      if (inBatch < BATCH_CHARACTERS) continue
      yield batch
      batch = []
      inBatch = 0
    }
    if (batch.length > 0) yield batch
  }
}

async function withTexts(parsed: ParsedRow, strings: SharedStrings | undefined, mostInRow: number): Promise<SheetRow> {
  const row: SheetRow = { line: parsed.line, cells: [], characters: 0, isTooLong: parsed.isTooLong }
  let inTexts = 0
  for (const [column, value] of parsed.cells) {
    const text = typeof value === 'string' ? value : (strings?.inMemory(value) ?? (await textAt(strings, value)))
    if (text === '') continue
    row.cells.push([column, text])
    inTexts += text.length
    row.characters = inTexts + column
    row.isTooLong ||= row.characters > mostInRow
    if (row.isTooLong) break
  }
  return row
}

function textAt(strings: SharedStrings | undefined, index: number): string | Promise<string> {
  if (!strings) throw badWorkbook('its cells refer to texts that it does not have')
  return strings.at(index)
}

function numberOfText(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw badWorkbook(`a cell refers to text ${quoted([text])}, which is no number`)
  return Number(text)
}

class SheetParser implements XmlHandlers {
  readonly #workbook: Workbook
  readonly #mostInRow: number
  #rows: ParsedRow[] = []

  #line = 0
  #cells: ParsedRow['cells'] = []
  #characters = 0
  #column = -1
  #type = ''
  #style = 0
  #text = ''
  #inText = false
  #isPhonetic = false

  constructor(workbook: Workbook, mostInRow: number) {
    this.#workbook = workbook
    this.#mostInRow = mostInRow
  }

  /** The rows that have come to their end. */
  take(): ParsedRow[] {
    const rows = this.#rows
    this.#rows = []
    return rows
  }

  open(name: string, attributes: Record<string, string>): void {
    if (name === 'row') this.#openRow(attributes)
    else if (name === 'c') this.#openCell(attributes)
    else if (name === 'rPh') this.#isPhonetic = true
    else this.#inText = (name === 'v' || name === 't') && !this.#isPhonetic
  }

  text(text: string): void {
    if (this.#inText && this.#characters <= this.#mostInRow) {
      this.#text += text
      this.#characters += text.length
    }
  }

  close(name: string): void {
    this.#inText = false
    if (name === 'c') this.#closeCell()
    else if (name === 'rPh') this.#isPhonetic = false
    else if (name === 'row') {
      this.#rows.push({ line: this.#line, cells: this.#cells, isTooLong: this.#characters > this.#mostInRow })
    }
  }

  #openRow({ r }: Record<string, string>): void {
    const line = r === undefined ? this.#line + 1 : Number(r)
    if (!Number.isSafeInteger(line) || line > LAST_LINE) {
      throw badWorkbook(`row ${quoted([r ?? String(line)])} is none of 1 to ${LAST_LINE}`)
    }
    if (line <= this.#line) {
      throw badWorkbook(`row ${quoted([String(line)])} comes after row ${this.#line}`)
    }
    this.#line = line
    this.#cells = []
    this.#characters = 0
    this.#column = -1
  }

  #openCell({ r, t = 'n', s }: Record<string, string>): void {
    const column = r === undefined ? this.#column + 1 : columnOf(r)
    if (column === undefined || column <= this.#column)
      throw badWorkbook(`it has a cell ${quoted([r ?? ''])} out of order`)
    this.#column = column
    this.#type = t
    this.#style = Number(s ?? 0)
    this.#text = ''
  }

  #closeCell(): void {
    if (this.#text !== '') this.#cells.push([this.#column, this.#value()])
  }

  /** A formula counts as its last result. */
  #value(): string | number {
    const text = this.#text
    if (this.#type === 's') return numberOfText(text)
    if (this.#type === 'b') return text === '1' ? 'TRUE' : text === '0' ? 'FALSE' : text
    if (this.#type !== 'n') return unescapeText(text)
    const number = numberText(text)
    const isDate = this.#workbook.isDate[this.#style] === true && !Number.isNaN(Number(number))
    return isDate ? dateText(Number(number), this.#workbook.from1904) : number
  }
}
