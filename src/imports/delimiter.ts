import { CsvFileError, type Delimiter } from './csv-file.ts'
import { CsvSplitter } from './csv-splitter.ts'

/** In the order of preference. */
const DELIMITERS: Delimiter[] = [',', ';', '\t', '|']
/** Where no header has come to its end by then, there is none. */
const MOST_BYTES = 1024 * 1024

/**
 * Finds the delimiter of a file from its header. One splitter for each candidate reads the beginning, so that a quoted
 * cell hides other delimiters just as it will later, and a quote that is none rules a candidate out. Whichever gives the
 * most columns that are known wins, then the most cells, then the comma.
 */
export class DelimiterSearch {
  readonly #isKnown: (name: string) => boolean
  readonly #splitters = new Map(DELIMITERS.map((delimiter) => [delimiter, new CsvSplitter({ delimiter })]))
  readonly #headers = new Map<Delimiter, string[]>()
  #bytes = 0

  constructor(isKnown: (name: string) => boolean) {
    this.#isKnown = isKnown
  }

  /** True when more bytes would not change anything. */
  get isOver(): boolean {
    return this.#splitters.size === 0 || this.#bytes === MOST_BYTES
  }

  push(chunk: Uint8Array): void {
    const taken = chunk.subarray(0, MOST_BYTES - this.#bytes)
    this.#bytes += taken.length
    this.#read((splitter) => splitter.push(taken))
  }

  /** The bytes may end within the header. */
  end(): Delimiter {
    this.#read((splitter) => splitter.end())
    let best: Delimiter = ','
    for (const delimiter of DELIMITERS) if (this.#isBetter(delimiter, best)) best = delimiter
    return best
  }

  #read(step: (splitter: CsvSplitter) => void): void {
    for (const [delimiter, splitter] of this.#splitters) {
      const goesOn = goesWell(() => step(splitter))
      if (splitter.header) this.#headers.set(delimiter, splitter.header)
      if (splitter.header || !goesOn) this.#splitters.delete(delimiter)
    }
  }

  #isBetter(a: Delimiter, b: Delimiter): boolean {
    const [knownA, cellsA] = this.#score(a)
    const [knownB, cellsB] = this.#score(b)
    return knownA === knownB ? cellsA > cellsB : knownA > knownB
  }

  #score(delimiter: Delimiter): [known: number, cells: number] {
    const header = this.#headers.get(delimiter) ?? []
    return [header.filter(this.#isKnown).length, header.filter((name) => name.trim() !== '').length]
  }
}

/** What is wrong with the file is told by whoever reads it to its end. */
function goesWell(step: () => void): boolean {
  try {
    step()
    return true
  } catch (error) {
    if (error instanceof CsvFileError) return false
    throw error
  }
}

/**
 * What tells the delimiter of a file: whoever sent it, a line `sep=`, or a search that has been given the beginning.
 *
 * @param begin see blankSeparatorLine
 */
export function delimiterOf(
  begin: Buffer,
  told: Delimiter | undefined,
  isKnown: (name: string) => boolean,
): Delimiter | DelimiterSearch {
  const named = blankSeparatorLine(begin)
  if (told ?? named) return (told ?? named) as Delimiter
  const search = new DelimiterSearch(isKnown)
  search.push(begin)
  return search
}

/** The longest `sep=` line, with a byte order mark, quotes and its line end. */
export const SEPARATOR_LINE_BYTES = 16

/**
 * Takes the line `sep=;` that spreadsheets write and read from the beginning of a file, at least SEPARATOR_LINE_BYTES of
 * it or all. It is turned into blanks, so that it is no record, and offsets and line numbers stay those of the file.
 *
 * @returns the delimiter it names, or undefined when there is no such line
 * @throws CsvFileError BAD_HEADER for one that is no delimiter here
 */
export function blankSeparatorLine(begin: Buffer): Delimiter | undefined {
  const text = begin.toString('utf8', 0, SEPARATOR_LINE_BYTES)
  const [, mark = '', line = '', , named] = /^(\uFEFF?)(("?)sep=(.)\3)(?:[\r\n]|$)/iu.exec(text) ?? []
  if (named === undefined) return undefined
  const delimiter = DELIMITERS.find((candidate) => candidate === named)
  if (!delimiter) {
    const names = `sep=${named} names a delimiter that is none of comma, semicolon, tab and pipe`
    throw new CsvFileError('BAD_HEADER', names, { line: 1 })
  }
  const at = Buffer.byteLength(mark)
  begin.fill(' ', at, at + Buffer.byteLength(line))
  return delimiter
}
