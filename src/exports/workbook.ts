import { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { ZipFile } from 'yazl'

/** What a sheet can hold, the header among them; further rows are on the next one. */
const MOST_ROWS = 1_048_576
/** Packs half as well as the best, in a third of the time. */
const PACKING = { compressionLevel: 3 }

export interface WorkbookColumn {
  name: string
  /** Of its numbers: how they are shown. */
  kind: string
}

type Cell = string | number | null

/**
 * A workbook (.xlsx, ECMA-376) with a header on each sheet, in constant memory. Texts are texts: none can be a formula.
 *
 * @param pages rows, each a JSON array with a cell for each column
 * @param mostRows of a sheet
 */
export async function* workbookOf(
  columns: WorkbookColumn[],
  pages: AsyncGenerator<string[]>,
  mostRows = MOST_ROWS,
): AsyncGenerator<Buffer> {
  const zip = new ZipFile()
  const output = zip.outputStream as Readable
  const fail = (error: Error) => void output.destroy(error)
  zip.on('error', fail)
  fill(zip, columns, rowsOf(pages), mostRows).catch(fail)
  yield* output
}

async function fill(
  zip: ZipFile,
  columns: WorkbookColumn[],
  rows: AsyncGenerator<Cell[]>,
  mostRows: number,
): Promise<void> {
  let sheets = 0
  for (let next = await rows.next(); sheets === 0 || !next.done; ) {
    const sheet = async function* () {
      yield `${XML}<worksheet xmlns="${MAIN}"><sheetData>${rowXml(
        1,
        columns.map(({ name }) => name),
      )}`
      for (let row = 2; !next.done && row <= mostRows; next = await rows.next(), row++)
        yield rowXml(row, next.value, columns)
      yield '</sheetData></worksheet>'
    }
    const text = Readable.from(joined(sheet()), { objectMode: false })
    zip.addReadStream(text, `xl/worksheets/sheet${++sheets}.xml`, PACKING)
    await finished(text)
  }
  for (const [name, text] of partsAround(sheets)) zip.addBuffer(Buffer.from(XML + text), name)
  zip.end()
}

async function* rowsOf(pages: AsyncGenerator<string[]>): AsyncGenerator<Cell[]> {
  for await (const page of pages) for (const row of page) yield JSON.parse(row)
}

/** In pieces worth being packed. */
async function* joined(texts: AsyncGenerator<string>): AsyncGenerator<Buffer> {
  let waiting = ''
  for await (const text of texts) {
    waiting += text
    if (waiting.length < 32_768) continue
    yield Buffer.from(waiting)
    waiting = ''
  }
  yield Buffer.from(waiting)
}

const STYLES: Record<string, number> = { day: 1, moment: 2 }

/** Rows and cells say where they are: it need not be so (18.3.1.4, 18.3.1.73), but some that read workbooks want it. */
function rowXml(row: number, cells: Cell[], columns?: WorkbookColumn[]): string {
  const xml = cells.map((cell, i) => cellXml(`${LETTERS[i]}${row}`, cell, columns?.[i]?.kind ?? ''))
  return `<row r="${row}">${xml.join('')}</row>`
}

/** Of more columns than a task has. */
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'

function cellXml(at: string, cell: Cell, kind: string): string {
  if (cell === null || cell === '') return ''
  if (typeof cell === 'number') return `<c r="${at}" s="${STYLES[kind] ?? 0}"><v>${cell}</v></c>`
  return `<c r="${at}" t="inlineStr"><is><t xml:space="preserve">${escaped(cell)}</t></is></c>`
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }

/** What XML cannot hold, or reads otherwise, is written as `_x000D_`, and what looks like that as well (22.9.2.19). */
function escaped(text: string): string {
  return text
    .replace(/_(?=x[0-9A-Fa-f]{4}_)/g, '_x005F_')
    .replace(/[^\t\n -\ufffd]/g, (char) => `_x${char.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}_`)
    .replace(/[&<>]/g, (char) => ENTITIES[char] as string)
}

const XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006'
const SPREADSHEET = 'application/vnd.openxmlformats-officedocument.spreadsheetml'

function partsAround(sheets: number): [name: string, text: string][] {
  const numbers = Array.from({ length: sheets }, (_, i) => i + 1)
  const each = (text: (n: number) => string) => numbers.map(text).join('')
  const relation = (id: string, type: string, target: string) =>
    `<Relationship Id="${id}" Type="${OFFICE}/${type}" Target="${target}"/>`
  const relations = (text: string) => `<Relationships xmlns="${PACKAGE}/relationships">${text}</Relationships>`
  const override = (part: string, type: string) =>
    `<Override PartName="/${part}" ContentType="${SPREADSHEET}.${type}+xml"/>`
  return [
    ['_rels/.rels', relations(relation('rId1', 'officeDocument', 'xl/workbook.xml'))],
    [
      'xl/workbook.xml',
      `<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}"><sheets>` +
        each((n) => `<sheet name="Tasks${n > 1 ? ` ${n}` : ''}" sheetId="${n}" r:id="rId${n}"/>`) +
        '</sheets></workbook>',
    ],
    [
      'xl/_rels/workbook.xml.rels',
      relations(
        each((n) => relation(`rId${n}`, 'worksheet', `worksheets/sheet${n}.xml`)) +
          relation(`rId${sheets + 1}`, 'styles', 'styles.xml'),
      ),
    ],
    ['xl/styles.xml', STYLES_XML],
    [
      '[Content_Types].xml',
      `<Types xmlns="${PACKAGE}/content-types">` +
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>' +
        '<Default Extension="xml" ContentType="application/xml"/>' +
        override('xl/workbook.xml', 'sheet.main') +
        override('xl/styles.xml', 'styles') +
        each((n) => override(`xl/worksheets/sheet${n}.xml`, 'worksheet')) +
        '</Types>',
    ],
  ]
}

const STYLES_XML =
  `<styleSheet xmlns="${MAIN}"><numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>` +
  '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts><fonts count="1"><font/></fonts>' +
  '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>' +
  '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="3"><xf xfId="0"/>' +
  '<xf numFmtId="164" xfId="0" applyNumberFormat="1"/><xf numFmtId="165" xfId="0" applyNumberFormat="1"/></cellXfs>' +
  '</styleSheet>'
