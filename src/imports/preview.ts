import type { Static } from 'typebox'
import { type Field, knowsColumn, proposedField, refuseManyColumns } from './columns.ts'
import { cellsOf } from './csv-cells.ts'
import { CsvFileError, type Delimiter } from './csv-file.ts'
import { CsvSplitter } from './csv-splitter.ts'
import { decode, type Encoding, encodingOf, markedEncoding } from './decode.ts'
import { delimiterOf } from './delimiter.ts'
import { invalidFile } from './errors.ts'
import { DELIMITERS } from './options.ts'
import type { PreviewAnswer, PreviewBody } from './preview-schemas.ts'
import { beginsAsWorkbook } from './table-reader.ts'

const MOST_SAMPLES = 5
const LONGEST_SAMPLE = 100

/**
 * How the beginning of a file would be read: what an upload would find out by itself, and a guess where it would have to be
 * told. Nothing of it is imported.
 *
 * @throws AppError INVALID_CSV and INVALID_CSV_HEADER (422)
 */
export async function previewFile(body: Static<typeof PreviewBody>): Promise<Static<typeof PreviewAnswer>> {
  const bytes = Buffer.from(body.sample, 'base64')
  const encoding = body.encoding ? encodingOf(body.encoding) : guessEncoding(bytes)
  try {
    if (beginsAsWorkbook(bytes)) {
      throw new CsvFileError('BAD_WORKBOOK', 'it is a workbook (.xlsx), which can only be read whole: send it at once')
    }
    const text = await decodeAll(body.whole ? bytes : wholeLines(bytes, encoding), encoding)
    const found = delimiterOf(text, body.delimiter && DELIMITERS[body.delimiter], knowsColumn())
    const delimiter = typeof found === 'string' ? found : found.end()
    const { header, rows } = split(text, delimiter)
    refuseManyColumns(header)
    return { encoding, delimiter: nameOf(delimiter), rows: rows.length, columns: columnsOf(header, rows) }
  } catch (error) {
    throw error instanceof CsvFileError ? invalidFile(error) : error
  }
}

/** What is not UTF-8 and has no mark that says more is what spreadsheets in Western Europe and America write. */
function guessEncoding(bytes: Buffer): Encoding {
  const marked = markedEncoding(bytes)
  if (marked) return marked
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true }) // the end may be cut
    return 'utf-8'
  } catch {
    return 'windows-1252'
  }
}

/** Without the line that the sample cuts, if another one is before it. */
function wholeLines(bytes: Buffer, encoding: Encoding): Buffer {
  const unit = encoding.startsWith('utf-16') ? 2 : 1
  const newline = { 'utf-16le': Buffer.from([10, 0]), 'utf-16be': Buffer.from([0, 10]) }[encoding as string] ?? '\n'
  let at = bytes.lastIndexOf(newline)
  while (at > 0 && at % unit !== 0) at = bytes.lastIndexOf(newline, at - 1)
  return at < 0 ? bytes : bytes.subarray(0, at + unit)
}

async function decodeAll(bytes: Buffer, encoding: Encoding): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of decode(one(bytes), encoding)) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

async function* one(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes
}

const nameOf = (delimiter: Delimiter) =>
  (Object.keys(DELIMITERS) as (keyof typeof DELIMITERS)[]).find((name) => DELIMITERS[name] === delimiter) ?? 'comma'

function split(text: Buffer, delimiter: Delimiter): { header: string[]; rows: string[][] } {
  const splitter = new CsvSplitter({ delimiter })
  const copies = [Buffer.from(splitter.push(text).copy)]
  while (!splitter.ended) copies.push(Buffer.from(splitter.end().copy))
  const records = recordsOf(Buffer.concat(copies).toString('utf8'))
  // The first cell is the number of the line.
  return { header: splitter.header ?? [], rows: records.map((record) => cellsOf(record, delimiter).slice(1)) }
}

/** A line break within quotes belongs to a cell. */
function recordsOf(text: string): string[] {
  const records: string[] = []
  let isQuoted = false
  let begin = 0
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '"') isQuoted = !isQuoted
    else if (text[at] === '\n' && !isQuoted) {
      records.push(text.slice(begin, at).replace(/\r$/, ''))
      begin = at + 1
    }
  }
  return records
}

function columnsOf(header: string[], rows: string[][]) {
  const taken = new Set<Field>()
  return header.map((name, i) => {
    const cells = rows.map((row) => row[i]?.trim() ?? '').filter((cell) => cell !== '')
    const proposed = proposedField(name)
    // Of several columns for one field the first is as good as another; of one name, a mapping could not tell them apart.
    const isOne = header.filter((other) => other === name).length === 1 && !(proposed && taken.has(proposed))
    const field = isOne ? (proposed ?? null) : null
    if (field) taken.add(field)
    const samples = [...new Set(cells.map((cell) => [...cell].slice(0, LONGEST_SAMPLE).join('')))].slice(
      0,
      MOST_SAMPLES,
    )
    return { name, field, known: proposed === null || field !== null, samples, date_formats: dateFormats(cells) }
  })
}

const NUMERIC_DATE = /^(\d{1,2})[/.-](\d{1,2})[/.-]\d{4}(?!\w)/

/**
 * The orders in which dates of a column may be read, by the rule of the check (`inferDateFormats`): both when only a person
 * can tell, and none when it has no dates that are two numbers and a year, or they are the same day in both.
 */
function dateFormats(cells: string[]): ('MDY' | 'DMY')[] {
  const parts = cells.flatMap((cell) => {
    const [, a, b] = NUMERIC_DATE.exec(cell) ?? []
    return a === undefined ? [] : [{ a: Number(a), b: Number(b) }]
  })
  const isDay = (number: number) => number > 12 && number <= 31
  const dayFirst = parts.some(({ a, b }) => isDay(a) && b <= 12)
  const monthFirst = parts.some(({ a, b }) => isDay(b) && a <= 12)
  if (dayFirst !== monthFirst) return [dayFirst ? 'DMY' : 'MDY']
  const isEither = parts.some(({ a, b }) => a <= 12 && b <= 12 && a !== b)
  return dayFirst || isEither ? ['MDY', 'DMY'] : []
}
