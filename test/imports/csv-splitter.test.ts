import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CsvSplitter, type CsvSplitterOptions } from '../../src/imports/csv-splitter.ts'
import { HEAD, outcome, parse, sampleFiles, split, summary } from './split-csv.ts'

test('the header comes first, without byte order mark and quotes', () => {
  const splitter = new CsvSplitter()
  assert.deepEqual(splitter.push(Buffer.from('\uFEFF"task ""name""",b,"c,\n')), {
    copy: Buffer.alloc(0),
    rejected: [],
    header: undefined,
  })
  assert.equal(splitter.header, undefined)
  assert.deepEqual(splitter.push(Buffer.from('d"\n')).header, ['task "name"', 'b', 'c,\nd'])
  assert.equal(splitter.push(Buffer.from('1,2,3\n')).header, undefined)
  assert.deepEqual(splitter.header, ['task "name"', 'b', 'c,\nd'])
})

test('a header may stand alone, end without a newline, and have empty names', () => {
  assert.deepEqual(split('a,,b,'), { header: ['a', '', 'b', ''], copy: '', rejected: [], records: 0 })
  assert.deepEqual(split('a').header, ['a'])
})

test('records are prefixed with their physical line and otherwise left as they were', () => {
  const { copy, records } = split(`${HEAD}Data Backup,"a, ""b""",TRUE\n,"",\n\\.,"\n\\.\n",\\N\n x ,é," "`)
  assert.equal(copy, '2,Data Backup,"a, ""b""",TRUE\n3,,"",\n4,\\.,"\n\\.\n",\\N\n7, x ,é," "\n')
  assert.equal(records, 4)
})

test('LF, CRLF, CR, mixed, with and without a last one, give the same records', () => {
  for (const eol of ['\n', '\r\n', '\r']) {
    for (const last of ['', eol]) {
      assert.equal(split(['a,b', '1,2', '3,"4"', '5,'].join(eol) + last).copy, '2,1,2\n3,3,"4"\n4,5,\n')
    }
  }
  assert.equal(split('a,b\r1,2\n3,4\r\n5,6\r7,8').copy, '2,1,2\n3,3,4\n4,5,6\n5,7,8\n')
})

test('newlines inside quotes are kept, and counted once each', () => {
  assert.equal(
    split('a,b\r\n1,"\r\n\r\n"\r\n2,"\r\r"\r\n3,"\n\n\r"\n4,"\n\r"\n5,').copy,
    '2,1,"\r\n\r\n"\n5,2,"\r\r"\n8,3,"\n\n\r"\n12,4,"\n\r"\n15,5,\n',
  )
})

test('blank lines are no records but count as lines, a line of delimiters is a record', () => {
  assert.deepEqual(summary(`\n \r\n\t\n${HEAD}\n\n1,2,3\n  \t\r\n,,\n\n`), { copy: '7,1,2,3\n9,,,\n', rejected: [] })
  assert.deepEqual(summary('a\tb\n\t\n \t\n', { delimiter: '\t' }), { copy: '2\t\t\n3\t \t\n', rejected: [] })
  assert.deepEqual(summary('a\n""\n" "\n'), { copy: '2,""\n3," "\n', rejected: [] })
})

test('WRONG_CELL_COUNT: a ragged record is rejected, with what it has and what it should have', () => {
  const { rejected, copy } = split(`${HEAD}1,2,3\n1,2\nx\n1,"2\n3",,"4,5"\n6,7,8\n`)
  assert.equal(copy, '2,1,2,3\n7,6,7,8\n')
  const code = 'WRONG_CELL_COUNT'
  assert.deepEqual(rejected, [
    { line: 3, code, message: 'has 2 cells, the header has 3', raw: '1,2' },
    { line: 4, code, message: 'has 1 cell, the header has 3', raw: 'x' },
    { line: 5, code, message: 'has 4 cells, the header has 3 (lines 5 to 6)', raw: '1,"2\n3",,"4,5"' },
  ])
})

test('STRAY_QUOTE: the record ends with its line, the next ones are intact', () => {
  for (const bad of ['x"y,2,3', '1,2,3"', '1, "2",3', '1,"2"x,3', '1,"2" ,3', '"1"""x",",3', '1,"""2"3"",']) {
    const expected = { copy: '2,1,2,3\n4,4,"5",6\n', rejected: ['3 STRAY_QUOTE'] }
    assert.deepEqual(summary(`${HEAD}1,2,3\n${bad}\r\n4,"5",6\n`), expected, bad)
  }
  assert.deepEqual(summary(`${HEAD}"1\n2",x"y,3\n4,5,6`), { copy: '4,4,5,6\n', rejected: ['2 STRAY_QUOTE'] })
})

test('UNCLOSED_QUOTE: only the line that opened the quote is rejected', () => {
  const rows = '4,5,6\n7,"8, 8",9\n"10",11,12\n'
  const good = '3,4,5,6\n4,7,"8, 8",9\n5,"10",11,12\n'
  assert.deepEqual(summary(`${HEAD}1,"2,3\n${rows}`), { copy: good, rejected: ['2 UNCLOSED_QUOTE'] })
  assert.deepEqual(summary(`${HEAD}1,2,"3\r\n${rows}`), { copy: good, rejected: ['2 UNCLOSED_QUOTE'] })
  // To the end of the file.
  assert.deepEqual(summary(`${HEAD}1,"2,3\r4,5,6\r\n7,8,9`), {
    copy: '3,4,5,6\n4,7,8,9\n',
    rejected: ['2 UNCLOSED_QUOTE'],
  })
  assert.deepEqual(summary(`${HEAD}1,2,3\n4,"5,6`), { copy: '2,1,2,3\n', rejected: ['3 UNCLOSED_QUOTE'] })
  // In the second line of its record: both are rejected, as one record.
  assert.deepEqual(summary(`${HEAD}"1\n",2,"3\n4,5,6`), { copy: '4,4,5,6\n', rejected: ['2 UNCLOSED_QUOTE'] })
  // Over the limit of a record.
  const many = Array.from({ length: 50 }, (_, i) => `${i},5,6`)
  const { copy, rejected } = split(`${HEAD}1,"2,3\n${many.join('\n')}\n`, { maxRecordBytes: 100 })
  assert.equal(copy, many.map((row, i) => `${i + 3},${row}\n`).join(''))
  assert.deepEqual(
    rejected.map(({ raw }) => raw),
    ['1,"2,3'],
  )
  assert.match(rejected[0]?.message ?? '', /opens cell 2: no closing quote within 100 bytes/)
})

test('RECORD_TOO_LONG: a record over the limit is skipped to its line end, one at the limit is taken', () => {
  const options = { maxRecordBytes: 10 }
  assert.deepEqual(
    summary(`${HEAD}1,3456,8,9\n12,456,890\n12,456,8901\r\n1,"56789",2,"3"\n"2345678901,x\n4,5,6\n`, options),
    {
      copy: '3,12,456,890\n7,4,5,6\n',
      rejected: ['2 WRONG_CELL_COUNT', '4 RECORD_TOO_LONG', '5 RECORD_TOO_LONG', '6 RECORD_TOO_LONG'],
    },
  )
})

test('a line of many megabytes passes in the memory of one record', () => {
  const splitter = new CsvSplitter({ maxRecordBytes: 1000 })
  splitter.push(Buffer.from('a,b\n1,"'))
  const before = process.memoryUsage().arrayBuffers
  const chunk = Buffer.alloc(1 << 20, 'x')
  for (let i = 0; i < 64; i++) splitter.push(chunk)
  assert.ok(process.memoryUsage().arrayBuffers - before < 8 << 20)
  const { copy, rejected } = splitter.push(Buffer.from('"\n2,3\n'))
  assert.equal(copy.toString(), '3,2,3\n')
  assert.equal(rejected[0]?.code, 'RECORD_TOO_LONG')
  assert.equal(rejected[0]?.raw.length, 2000)
})

test('NUL_BYTE: the record is rejected, quoted or not', () => {
  assert.deepEqual(summary(sampleFiles.nul), { copy: '5,7,8,9\n', rejected: ['2 NUL_BYTE', '3 NUL_BYTE'] })
  assert.equal(split(sampleFiles.nul).rejected[0]?.raw, '1,\uFFFD,3')
})

test('a rejected record is given back whole, whatever it is rejected for', () => {
  const long = 'é'.repeat(300_000)
  for (const raw of [long, `"${long}\n${long.slice(0, 100_000)}",1`, `x"${long}`, `1,"${long}`, `1,"2"${long}`]) {
    for (const sizes of [[], [700]]) {
      const { rejected } = split(`${HEAD}${raw}\r\n4,5,6\r\n`, {}, sizes)
      assert.ok(rejected.length === 1 && rejected[0]?.raw === raw, raw.slice(0, 10))
    }
  }
  const { rejected } = split(`${HEAD}1,\0"2",3\n`)
  assert.equal(rejected[0]?.raw, '1,\uFFFD"2",3')
})

test('RECORD_TOO_LONG: raw is cut at 2,000 bytes, between characters, also of a record with another defect', () => {
  for (const cell of ['x', 'x"']) {
    for (const sizes of [[], [1], [700]]) {
      const file = `${HEAD}${cell}${'é'.repeat(3000)}\n`
      const { rejected } = split(file, { maxRecordBytes: 5000 }, sizes)
      assert.deepEqual(
        rejected.map(({ code, raw }) => ({ code, raw })),
        [{ code: 'RECORD_TOO_LONG', raw: cell + 'é'.repeat(999) }],
      )
      assert.equal(rejected[0]?.message, 'longer than 5000 bytes')
    }
  }
  // At the limit it is whole.
  assert.equal(split(`${HEAD}x"${'é'.repeat(3000)}\n`, { maxRecordBytes: 6002 }).rejected[0]?.raw.length, 3002)
})

test('what is read again at the end of the file comes in batches of bounded length', () => {
  const splitter = new CsvSplitter()
  splitter.push(Buffer.from(`a,b\n1,"open\n${'x\n'.repeat(100_000)}`))
  const lengths: number[] = []
  while (!splitter.ended) lengths.push(splitter.end().rejected.length)
  assert.ok(Math.max(...lengths) <= 16_384)
  assert.equal(
    lengths.reduce((sum, n) => sum + n),
    100_001,
  )
})

test('a chunk full of bad lines is told in batches of bounded length', () => {
  const splitter = new CsvSplitter()
  splitter.push(Buffer.from('a,b\n1,"open\n'))
  let most = 0
  // Nothing is known of these lines until they are more than a record may have.
  for (let i = 0; i < 50; i++) {
    const { rejected } = splitter.push(Buffer.from('x\n'.repeat(16_384)))
    most = Math.max(most, rejected.length)
  }
  assert.equal(most, 32_768)
  assert.throws(() => splitter.push(Buffer.from([0xff, 0x0a])), { code: 'NOT_UTF8', line: 50 * 16_384 + 3 })
})

test('quotes never closed, far apart in a long file, cost their own lines only', () => {
  const row = (i: number) => (i % 500 === 0 ? `${i},"open,3` : `${i},a name,some more text`)
  const file = HEAD + Array.from({ length: 30_000 }, (_, i) => `${row(i)}\r\n`).join('')
  const { copy, rejected, records } = split(file, {}, [4096])
  assert.equal(records, 30_000)
  assert.deepEqual(
    rejected.map(({ line, code }) => ({ line, code })),
    Array.from({ length: 60 }, (_, i) => ({ line: 500 * i + 2, code: 'UNCLOSED_QUOTE' })),
  )
  assert.ok(parse(copy).every(([line, i]) => Number(line) === Number(i) + 2))
})

test('semicolon, tab and pipe delimit as told, the line number too', () => {
  for (const delimiter of [';', '\t', '|'] as const) {
    const file = 'a,b\n1,"2,"\n3\n'.replaceAll(',', delimiter)
    assert.deepEqual(summary(file, { delimiter }), {
      copy: '2,1,"2,"\n'.replaceAll(',', delimiter),
      rejected: ['3 WRONG_CELL_COUNT'],
    })
  }
  assert.deepEqual(split('a;b,c\n').header, ['a;b', 'c'])
})

const fatal = (file: string | Buffer, options: CsvSplitterOptions, expected: Record<string, unknown>) => {
  for (const sizes of [[], [1], [2], [3]]) assert.deepEqual(outcome(file, options, sizes), expected)
}

test('NOT_UTF8: the first bad byte and its line are told', () => {
  const error = (byte: number, line: number, more = '') => ({
    code: 'NOT_UTF8',
    message: `not UTF-8: byte ${byte} (line ${line})${more}`,
    byte,
    line,
  })
  fatal(Buffer.from('a,b\n1,caf\xe9\n2,\xff', 'latin1'), {}, error(9, 2))
  fatal(Buffer.from('\xef\xbb\xbfa,b\r\n1,"\r\n\xc3\xa9\xc3"\n', 'latin1'), {}, error(15, 3))
  fatal(Buffer.from('a,b\n1,\xe2\x82', 'latin1'), {}, error(6, 2))
  fatal(Buffer.from('a,b\n1,2\n\xe2\x82', 'latin1'), {}, error(8, 3))
  fatal(Buffer.from('a,b\n1,\xed\xa0\x80\n', 'latin1'), {}, error(6, 2))
  fatal(Buffer.from('a,b\n\xf0\x9f\x98\x80\xf5\x80\x80\x80\n', 'latin1'), {}, error(8, 2))
  fatal(Buffer.from('\ufeffa,b\n1,2\n', 'utf16le'), {}, error(0, 1, ', it looks like UTF-16'))
  fatal(Buffer.from('\ufeffa,b\n1,2\n', 'utf16le').swap16(), {}, error(0, 1, ', it looks like UTF-16'))
  const message = 'the header has NUL bytes, the file may be UTF-16'
  fatal(Buffer.from('a,b\n1,2\n', 'utf16le'), {}, { code: 'NOT_UTF8', message, byte: undefined, line: 1 })
})

test('EMPTY_FILE and BAD_HEADER: no header, or one that is no record', () => {
  const error = (code: string, message: string, line?: number) => ({ code, message, line, byte: undefined })
  fatal('', {}, error('EMPTY_FILE', 'the file is empty'))
  for (const file of ['\uFEFF', '\n', ' \r\n\r\n', '\uFEFF\n']) {
    fatal(file, {}, error('EMPTY_FILE', 'the file has no header'))
  }
  const bad = (why: string, line: number) => error('BAD_HEADER', `the header can't be read: ${why}`, line)
  fatal('\na"b,c\n1,2', {}, bad('a quote inside cell 1, which does not begin with one', 2))
  fatal('a,"b\n1,2', {}, bad('the quote that opens cell 2: no closing quote before the end of the file', 1))
  fatal('abcdefghijk\n1,2', { maxRecordBytes: 10 }, bad('longer than 10 bytes', 1))
})

test('TOO_MANY_ROWS: at the limit is fine, one more is not', () => {
  const file = `${HEAD}1,2,3\n\n1,2\n4,5,6\n`
  assert.equal(split(file, { maxRows: 3 }).records, 3)
  const message = 'the file has more than 2 rows'
  fatal(file, { maxRows: 2 }, { code: 'TOO_MANY_ROWS', message, byte: undefined, line: undefined })
})
