import path from 'node:path'
import { quoted } from './columns.ts'
import { badWorkbook, MOST_PARTS, type WorkbookFile } from './workbook-file.ts'
import { isDateFormat } from './workbook-values.ts'

/** What stands around the sheets of a workbook (ECMA-376 part 1, sections 12.3 and 18.2 to 18.8). */
export interface Workbook {
  /** The part of the sheet that was asked for, and its name. */
  sheet: string
  sheetName: string
  /** The part of the shared texts, if it has any. */
  strings: string | undefined
  /** Days are counted from 1904, as by the first Excel for the Macintosh. */
  from1904: boolean
  /** Whether a number with the style of this index is a date. */
  isDate: boolean[]
}

/**
 * @param wanted the sheet's name; the first sheet when left out
 * @throws CsvFileError BAD_WORKBOOK
 */
export async function readWorkbook(file: WorkbookFile, wanted: string | undefined): Promise<Workbook> {
  if (!file.has('_rels/.rels')) throw badWorkbook('it is a zip archive, and no workbook')
  const roots = await relationsOf(file, '')
  const main = [...roots.values()].find(({ type }) => type === 'officeDocument')?.part
  if (!main || !file.has(main)) throw badWorkbook('it is no workbook')
  const { sheets, from1904 } = await readSheets(file, main)
  const relations = await relationsOf(file, main)
  const sheet = wanted === undefined ? sheets[0] : sheets.find(({ name }) => name === wanted)
  if (!sheet) {
    const names = quoted(sheets.map(({ name }) => name))
    throw badWorkbook(`it has no sheet${wanted ? ` ${quoted([wanted])}` : ''}; it has: ${names}`)
  }
  const { type, part = '' } = relations.get(sheet.id) ?? {}
  if (type !== 'worksheet') throw badWorkbook(`${quoted([sheet.name])} is no sheet of cells`)
  const byType = (type: string) => [...relations.values()].find((relation) => relation.type === type)?.part
  const styles = byType('styles')
  const isDate = styles && file.has(styles) ? await readDateStyles(file, styles) : []
  return { sheet: part, sheetName: sheet.name, strings: byType('sharedStrings'), from1904, isDate }
}

interface Relation {
  /** The last word of its type. */
  type: string
  part: string
}

async function relationsOf(file: WorkbookFile, of: string): Promise<Map<string, Relation>> {
  const folder = path.posix.dirname(of)
  const relations = new Map<string, Relation>()
  await file.readAll(path.posix.join(folder, '_rels', `${path.posix.basename(of)}.rels`), {
    open(name, { Id = '', Type = '', Target = '' }) {
      if (name !== 'Relationship') return
      const part = Target.startsWith('/') ? Target : path.posix.join(folder, Target)
      if (relations.size >= MOST_PARTS) throw badWorkbook(`${quoted([of])} has more than ${MOST_PARTS} relations`)
      relations.set(Id, { type: Type.slice(Type.lastIndexOf('/') + 1), part })
    },
  })
  return relations
}

async function readSheets(file: WorkbookFile, part: string) {
  const sheets: { name: string; id: string }[] = []
  let from1904 = false
  await file.readAll(part, {
    open(name, attributes) {
      if (name === 'workbookPr') from1904 = /^(?:1|true)$/.test(attributes.date1904 ?? '')
      if (name !== 'sheet') return
      const id = Object.entries(attributes).find(([key]) => key.endsWith(':id'))?.[1] ?? ''
      if (sheets.length >= MOST_PARTS) throw badWorkbook(`it has more than ${MOST_PARTS} sheets`)
      sheets.push({ name: attributes.name ?? '', id })
    },
  })
  return { sheets, from1904 }
}

async function readDateStyles(file: WorkbookFile, part: string): Promise<boolean[]> {
  const formats = new Map<number, string>()
  const isDate: boolean[] = []
  let inCells = false
  await file.readAll(part, {
    open(name, { numFmtId, formatCode = '' }) {
      if (name === 'numFmt') formats.set(Number(numFmtId), formatCode)
      else if (name === 'cellXfs') inCells = true
      else if (name === 'xf' && inCells) isDate.push(isDateFormat(Number(numFmtId), formats.get(Number(numFmtId))))
    },
    close(name) {
      if (name === 'cellXfs') inCells = false
    },
  })
  return isDate
}
