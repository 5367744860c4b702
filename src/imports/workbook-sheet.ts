import { badWorkbook, type WorkbookFile, type XmlHandlers } from './workbook-file.ts'
import type { Workbook } from './workbook-parts.ts'
import type { SharedStrings } from './workbook-strings.ts'
import { columnOf, dateText, numberText, unescapeText } from './workbook-values.ts'

export interface SheetRow {
  /** As the spreadsheet numbers it; the first one is 1. */
  line: number
  /** Texts, '' for an empty cell. */
  cells: string[]
  /** It holds more than `mostCharacters`; the cells are those that came before. */
  isTooLong: boolean
}

/** A text, or the number of a shared one. */
type Cell = string | number

/**
 * The rows of a sheet (ECMA-376 part 1, 18.3), those of each piece of the file together, in constant memory.
 *
 * @throws CsvFileError BAD_WORKBOOK, FILE_TOO_LARGE
 */
export async function* sheetRows(
  file: WorkbookFile,
  workbook: Workbook,
  strings: SharedStrings | undefined,
  mostCharacters: number,
): AsyncGenerator<SheetRow[]> {
  const parser = new SheetParser(workbook, mostCharacters)
  for await (const _ of file.read(workbook.sheet, parser)) {
    const rows: SheetRow[] = []
    for (const { line, cells, isTooLong } of parser.take()) {
      const row: SheetRow = { line, cells: [], isTooLong }
      for (const cell of cells) {
        row.cells.push(typeof cell === 'string' ? cell : (strings?.inMemory(cell) ?? (await textAt(strings, cell))))
      }
      rows.push(row)
    }
    if (rows.length > 0) yield rows
  }
}

function textAt(strings: SharedStrings | undefined, index: number): string | Promise<string> {
  if (!strings) throw badWorkbook('its cells refer to texts that it does not have')
  return strings.at(index)
}

class SheetParser implements XmlHandlers {
  readonly #workbook: Workbook
  readonly #mostCharacters: number
  #rows: { line: number; cells: Cell[]; isTooLong: boolean }[] = []

  #line = 0
  #cells: Cell[] = []
  #characters = 0
  #column = -1
  #type = ''
  #style = 0
  #text = ''
  #inText = false
  #isPhonetic = false

  constructor(workbook: Workbook, mostCharacters: number) {
    this.#workbook = workbook
    this.#mostCharacters = mostCharacters
  }

  /** The rows that have come to their end. */
  take() {
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
    if (this.#inText && this.#characters <= this.#mostCharacters) {
      this.#text += text
      this.#characters += text.length
    }
  }

  close(name: string): void {
    this.#inText = false
    if (name === 'c') this.#closeCell()
    else if (name === 'rPh') this.#isPhonetic = false
    else if (name === 'row') {
      this.#rows.push({ line: this.#line, cells: this.#cells, isTooLong: this.#characters > this.#mostCharacters })
    }
  }

  #openRow({ r }: Record<string, string>): void {
    const line = r === undefined ? this.#line + 1 : Number(r)
    if (!Number.isSafeInteger(line) || line <= this.#line) {
      throw badWorkbook(`row ${JSON.stringify(r)} comes after row ${this.#line}`)
    }
    this.#line = line
    this.#cells = []
    this.#characters = 0
    this.#column = -1
  }

  #openCell({ r, t = 'n', s }: Record<string, string>): void {
    const column = r === undefined ? this.#column + 1 : columnOf(r)
    if (column === undefined || column <= this.#column)
      throw badWorkbook(`it has a cell ${JSON.stringify(r)} out of order`)
    this.#column = column
    this.#type = t
    this.#style = Number(s ?? 0)
    this.#text = ''
  }

  #closeCell(): void {
    if (this.#text === '') return
    while (this.#cells.length < this.#column) this.#cells.push('')
    this.#cells.push(this.#value())
  }

  /** A formula counts as its last result. */
  #value(): Cell {
    const text = this.#text
    if (this.#type === 's') return Number(text)
    if (this.#type === 'b') return text === '1' ? 'TRUE' : text === '0' ? 'FALSE' : text
    if (this.#type !== 'n') return unescapeText(text)
    const number = numberText(text)
    const isDate = this.#workbook.isDate[this.#style] === true && !Number.isNaN(Number(number))
    return isDate ? dateText(Number(number), this.#workbook.from1904) : number
  }
}
