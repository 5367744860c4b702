import assert from 'node:assert/strict'
import { CsvFileError, type Rejected } from '../../src/imports/csv-file.ts'
import { CsvSplitter, type CsvSplitterOptions } from '../../src/imports/csv-splitter.ts'

export interface Split {
  header?: string[]
  copy: string
  rejected: Rejected[]
  records: number
}

/** Splits the file, cut after the given numbers of bytes, which are used in turn; by default in one piece. */
export function split(file: string | Buffer, options: CsvSplitterOptions = {}, sizes: number[] = []): Split {
  const bytes = Buffer.from(file)
  const splitter = new CsvSplitter(options)
  const batches = []
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes.length ? (sizes[i % sizes.length] as number) : bytes.length
    // A copy that is overwritten afterwards, as an upload's buffer may be.
    const chunk = Buffer.from(bytes.subarray(at, at + size))
    batches.push(splitter.push(chunk))
    chunk.fill(0x21)
    at += size
  }
  while (!splitter.ended) batches.push(splitter.end())
  const headers = batches.flatMap((batch) => (batch.header ? [batch.header] : []))
  assert.deepEqual(headers, [splitter.header], 'the header comes once')
  return {
    header: splitter.header,
    copy: Buffer.concat(batches.map((batch) => batch.copy)).toString(),
    rejected: batches.flatMap((batch) => batch.rejected),
    records: splitter.records,
  }
}

/** The result, or the error, as a value. */
export function outcome(file: string | Buffer, options: CsvSplitterOptions = {}, sizes: number[] = []) {
  try {
    return split(file, options, sizes)
  } catch (error) {
    if (!(error instanceof CsvFileError)) throw error
    const { code, message, byte, line } = error
    return { code, message, byte, line }
  }
}

/** As `line code` for the rejected and `line,record` for the good. */
export function summary(file: string | Buffer, options: CsvSplitterOptions = {}) {
  const { copy, rejected, records } = split(file, options)
  assert.equal(parse(copy, options.delimiter).length + rejected.length, records)
  return { copy, rejected: rejected.map(({ line, code }) => `${line} ${code}`) }
}

/** Reads what COPY would read, strictly as RFC 4180 has it, with LF only; throws where a COPY might. */
export function parse(copy: string, delimiter = ','): string[][] {
  const cell = new RegExp(`(?:"((?:[^"]|"")*)"|([^"\r\n${delimiter === '|' ? '\\|' : delimiter}]*))(.|\n)`, 'gy')
  const rows: string[][] = []
  let row: string[] = []
  while (cell.lastIndex < copy.length) {
    const [, quoted, plain, end] = cell.exec(copy) ?? assert.fail(`not CSV: ${copy}`)
    row.push(quoted?.replaceAll('""', '"') ?? plain ?? '')
    if (end !== '\n') assert.equal(end, delimiter)
    else rows.push(row)
    if (end === '\n') row = []
  }
  assert.deepEqual(row, [])
  return rows
}

/** With all that makes a file hard to cut. */
export const sampleFiles = {
  mixed: '\uFEFFa,"b ""x""",c\r\n1,"é\r\n,",€\r2,"\r\r\n\n",""\r\n\r\n\n 🙂,,\n1,2\nx"y,,\n"a"b,"c",d\n4,5,6\r',
  unclosed: 'a,b,c\n1,"2,3\n4,"5",6\r\n7,8,"9\r\n10,11,12\r13,"14\n15,16,17',
  long: 'a,b,c\n1,2,3\n1,"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",3\n4,5,6\n1,"\n7,8,9\r\n10,11,12\n\n\n13,14,15\n',
  nul: 'a,b,c\n1,\0,3\n4,"\0\n",6\n7,8,9',
}

export const HEAD = 'a,b,c\n'
