import assert from 'node:assert/strict'
import { test } from 'node:test'
import { blankSeparatorLine, DelimiterSearch } from './delimiter.ts'

const KNOWN = ['title', 'status', 'due']

/** Cut into chunks of 1, 2 and 3 bytes and in one piece, it must be the same. */
function find(file: string | Buffer): string {
  const found = [1, 2, 3, Number.POSITIVE_INFINITY].map((size) => findIn(Buffer.from(file), size))
  assert.equal(new Set(found).size, 1, `cuts change the result: ${JSON.stringify(found)}`)
  return found[0] as string
}

function findIn(bytes: Buffer, size: number): string {
  const search = new DelimiterSearch((name) => KNOWN.includes(name))
  for (let at = 0; at < bytes.length && !search.isOver; at += size) search.push(bytes.subarray(at, at + size))
  return search.end()
}

test('the delimiter is that of the header', () => {
  for (const delimiter of [',', ';', '\t', '|']) {
    const file = 'title,status,due\n1,2,3\n'.replaceAll(',', delimiter)
    for (const end of [file, file.trim(), file.replaceAll('\n', '\r\n'), `\ufeff\n \n${file}`, 'title,status']) {
      assert.equal(find(end), end === 'title,status' ? ',' : delimiter, JSON.stringify(end))
    }
  }
})

test('known columns count more than many cells, many cells more than the comma', () => {
  assert.equal(find('title;a,b,c,d;status\n'), ';')
  assert.equal(find('title|status, due\n'), '|')
  assert.equal(find('what;who;when, or so\n'), ';')
  assert.equal(find('one\n'), ',')
  assert.equal(find('a,b;c\n'), ',')
  assert.equal(find('a;b|c\n'), ';')
})

test('quoted cells hide other delimiters and line ends', () => {
  assert.equal(find('"title, long";"a\n,,,;""x""";status\n1,2,3,4,5,6'), ';')
  assert.equal(find('title\t"a;;;;;;b"\tstatus\n'), '\t')
  assert.equal(find('"title";"status"\n'), ';')
})

test('only the header is looked at', () => {
  assert.equal(find('title;status\n1,2,3,4,5,6,7\n,,,,,,\n'), ';')
  assert.equal(find(Buffer.from('title;status\n1,\xff\n"', 'latin1')), ';')
})

test('a file without a header is left to the comma, in the memory of its beginning', () => {
  for (const file of ['', '\n \n', '"never, closed;', 'a"b;c', Buffer.from([0xff, 0xfe, 0x3b]), 'a\0;b\n']) {
    assert.equal(find(file), ',')
  }
  const search = new DelimiterSearch(() => false)
  const chunk = Buffer.alloc(1 << 16, '\n')
  let bytes = 0
  for (; !search.isOver; bytes += chunk.length) search.push(chunk)
  assert.equal(bytes, 1 << 20)
  assert.equal(search.end(), ',')
})

test('a line sep= names the delimiter and becomes a blank line', () => {
  for (const [file, delimiter, blanked] of [
    ['sep=;\r\na;b', ';', '     \r\na;b'],
    ['\ufeff"sep=\t"\na\tb', '\t', '\ufeff       \na\tb'],
    ['SEP=|\r', '|', '     \r'],
    ['sep=,', ',', '     '],
  ] as const) {
    const begin = Buffer.from(file)
    assert.equal(blankSeparatorLine(begin), delimiter)
    assert.equal(begin.toString(), blanked)
  }
})

test('a line that only looks like it stays as it is', () => {
  for (const file of [
    '',
    'sep',
    'sep=\nx',
    'sep=;;\n',
    'sep=;title\n',
    '\nsep=;\n',
    ' sep=;\n',
    '"sep=;\n',
    'sep=;"\n',
  ]) {
    const begin = Buffer.from(file)
    assert.equal(blankSeparatorLine(begin), undefined, file)
    assert.equal(begin.toString(), file)
  }
})

test('BAD_HEADER: sep= names something that is no delimiter here', () => {
  for (const char of ['^', 'é', '🙂']) {
    assert.throws(() => blankSeparatorLine(Buffer.from(`sep=${char}\r\na\r\n`)), { code: 'BAD_HEADER', line: 1 })
  }
})
