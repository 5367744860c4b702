import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ZipFile } from 'yazl'
import { PEOPLE, type Rows, rowOf } from './import-files.ts'

const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006/relationships'
const HEADER = ['task_name', 'description', 'status', 'priority', 'created_at', 'assigned_user']
/** Texts that many cells share: people, priorities. */
const COMMON = [
  ...HEADER,
  'LOW',
  'MEDIUM',
  'HIGH',
  'CRITICAL',
  ...Array.from({ length: PEOPLE }, (_, i) => `person_${i}`),
]
const FIRST_DAY = Date.UTC(1899, 11, 30)

/** The rows of `uploadText` as Excel writes them: cells refer to shared texts, which stand behind the sheet; dates are numbers. */
export async function writeWorkbook(file: string, rows: Rows): Promise<void> {
  const zip = new ZipFile()
  const add = (part: string, text: Iterable<string>) =>
    zip.addReadStream(Readable.from(buffers(text), { objectMode: false }), part, { compressionLevel: 1 })
  add('xl/worksheets/sheet1.xml', sheetXml(rows))
  add('xl/sharedStrings.xml', stringsXml(rows))
  for (const [part, text] of Object.entries(PARTS)) zip.addBuffer(Buffer.from(text), part)
  zip.end()
  await pipeline(zip.outputStream, createWriteStream(file))
}

function* sheetXml(rows: Rows): Generator<string> {
  const shared = (column: string, row: number, text: number) => `<c r="${column}${row}" t="s"><v>${text}</v></c>`
  const cells = HEADER.map((_, i) => shared('ABCDEF'[i] as string, 1, i))
  yield `<worksheet xmlns="${MAIN}"><sheetData><row r="1">${cells.join('')}</row>`
  for (let i = 0; i < rows.count; i++) {
    const { priority = '', day } = rowOf(i, rows)
    const line = i + 2
    const date = (Date.parse(day) - FIRST_DAY) / 86_400_000
    yield `<row r="${line}" spans="1:6">${shared('A', line, COMMON.length + 2 * i)}${shared('B', line, COMMON.length + 2 * i + 1)}` +
      `<c r="C${line}" t="b"><v>${i % 3 ? 1 : 0}</v></c>${shared('D', line, COMMON.indexOf(priority))}` +
      `<c r="E${line}" s="1"><v>${date}</v></c>${shared('F', line, COMMON.indexOf(`person_${i % PEOPLE}`))}</row>`
  }
  yield '</sheetData></worksheet>'
}

function* stringsXml(rows: Rows): Generator<string> {
  const item = (text: string) => `<si><t xml:space="preserve">${text.replaceAll('"', '')}</t></si>`
  yield `<sst xmlns="${MAIN}">${COMMON.map(item).join('')}`
  for (let i = 0; i < rows.count; i++) {
    const { title, description } = rowOf(i, rows)
    yield item(title) + item(description)
  }
  yield '</sst>'
}

function* buffers(texts: Iterable<string>): Generator<Buffer> {
  let waiting = ''
  for (const text of texts) {
    waiting += text
    if (waiting.length < 65_536) continue
    yield Buffer.from(waiting)
    waiting = ''
  }
  yield Buffer.from(waiting)
}

const relations = (...all: [type: string, target: string][]) =>
  `<Relationships xmlns="${PACKAGE}">${all.map(([type, target], i) => `<Relationship Id="rId${i + 1}" Type="${OFFICE}/${type}" Target="${target}"/>`).join('')}</Relationships>`

const PARTS = {
  'xl/styles.xml': `<styleSheet xmlns="${MAIN}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>`,
  'xl/workbook.xml': `<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}"><sheets><sheet name="Tasks" sheetId="1" r:id="rId1"/></sheets></workbook>`,
  'xl/_rels/workbook.xml.rels': relations(
    ['worksheet', 'worksheets/sheet1.xml'],
    ['sharedStrings', 'sharedStrings.xml'],
    ['styles', 'styles.xml'],
  ),
  '_rels/.rels': relations(['officeDocument', 'xl/workbook.xml']),
}
