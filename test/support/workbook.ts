import { buffer } from 'node:stream/consumers'
import { fromBufferPromise } from 'yauzl'
import { ZipFile } from 'yazl'

const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006/relationships'

export interface WorkbookParts {
  /** What stands inside of sheetData, by the name of the sheet. */
  sheets?: Record<string, string>
  /** The shared texts, each the inside of an `si`. */
  strings?: string[]
  /** The inside of styleSheet. */
  styles?: string
  from1904?: boolean
  /** Parts that are added, or take the place of those made here; undefined leaves one out. */
  parts?: Record<string, string | undefined>
  /** False: as they stand. */
  compress?: boolean
}

/** A workbook as spreadsheets write it: sheets first, then the shared texts that they refer to, then what names them all. */
export function workbook({
  sheets = {},
  strings,
  styles,
  from1904 = false,
  parts = {},
  compress,
}: WorkbookParts): Promise<Buffer> {
  const names = Object.keys(sheets)
  const relation = (id: string, type: string, target: string) =>
    `<Relationship Id="${id}" Type="${OFFICE}/${type}" Target="${target}"/>`
  const relations = (...all: string[]) => `<Relationships xmlns="${PACKAGE}">${all.join('')}</Relationships>`
  const all: Record<string, string | undefined> = {
    ...Object.fromEntries(
      Object.values(sheets).map((rows, i) => [
        `xl/worksheets/sheet${i + 1}.xml`,
        `<worksheet xmlns="${MAIN}"><sheetData>${rows}</sheetData></worksheet>`,
      ]),
    ),
    'xl/sharedStrings.xml':
      strings && `<sst xmlns="${MAIN}">${strings.map((text) => `<si>${text}</si>`).join('')}</sst>`,
    'xl/styles.xml': styles && `<styleSheet xmlns="${MAIN}">${styles}</styleSheet>`,
    'xl/workbook.xml':
      `<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}">${from1904 ? '<workbookPr date1904="1"/>' : ''}<sheets>` +
      `${names.map((name, i) => `<sheet name="${name}" sheetId="${i + 1}" r:id="rId${i + 1}"/>`).join('')}</sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': relations(
      ...names.map((_, i) => relation(`rId${i + 1}`, 'worksheet', `worksheets/sheet${i + 1}.xml`)),
      relation('rIdS', 'sharedStrings', '/xl/sharedStrings.xml'),
      relation('rIdT', 'styles', 'styles.xml'),
    ),
    '_rels/.rels': relations(relation('rId1', 'officeDocument', 'xl/workbook.xml')),
    ...parts,
  }
  return zip(all, compress)
}

export function zip(parts: Record<string, string | undefined>, compress = true): Promise<Buffer> {
  const file = new ZipFile()
  for (const [name, text] of Object.entries(parts)) {
    if (text !== undefined) file.addBuffer(Buffer.from(text), name, { compress })
  }
  file.end()
  return buffer(file.outputStream)
}

/** A row of inline texts; null for a cell that is left out. */
export function textRow(line: number, cells: (string | null)[]): string {
  const cell = (text: string | null, i: number) =>
    text === null ? '' : `<c r="${String.fromCharCode(65 + i)}${line}" t="inlineStr"><is><t>${text}</t></is></c>`
  return `<row r="${line}">${cells.map(cell).join('')}</row>`
}

/** The parts of a zip archive, by their names. */
export async function partsOf(file: Buffer): Promise<Map<string, string>> {
  const parts = new Map<string, string>()
  const archive = await fromBufferPromise(file, { lazyEntries: true })
  for await (const entry of archive.eachEntry()) {
    parts.set(entry.fileName, (await buffer(await archive.openReadStreamPromise(entry))).toString())
  }
  return parts
}
