import {
  allNew,
  badHeader,
  bytes,
  type Case,
  type CellError,
  created,
  done,
  partly,
  titles,
  unreadable,
} from './case.ts'

/** Where records and cells begin and end. */

const two = allNew([
  { title: 'One', description: 'a' },
  { title: 'Two', description: 'b' },
])
const rows = (eol: string) => ['title,description', 'One,a', 'Two,b'].join(eol)

export const LINE_ENDS: Case[] = [
  { name: 'LF', file: `${rows('\n')}\n`, expect: two },
  { name: 'CRLF', file: `${rows('\r\n')}\r\n`, expect: two },
  { name: 'CR, as of an old Macintosh', file: `${rows('\r')}\r`, expect: two },
  { name: 'LF, none at the end', file: rows('\n'), expect: two },
  { name: 'CRLF, none at the end', file: rows('\r\n'), expect: two },
  { name: 'CR, none at the end', file: rows('\r'), expect: two },
  { name: 'LF, then CR', file: `${rows('\n\r')}\n\r`, expect: two },
  { name: 'CR CR LF, as of a file converted twice', file: `${rows('\r\r\n')}\r\r\n`, expect: two },
  { name: 'each line another one', file: 'title,description\rOne,a\r\nTwo,b\n', expect: two },
  { name: 'a byte order mark', file: `\uFEFF${rows('\n')}`, expect: two },
  {
    name: 'a byte order mark before a quoted header',
    file: `\uFEFF"title","description"\nOne,a\nTwo,b\n`,
    expect: two,
  },
  {
    name: 'a line end at the end is Ctrl-Z, as of DOS',
    file: 'title,description\r\nOne,a\r\n\x1a',
    expect: partly(titles('One'), [[3, null, 'WRONG_CELL_COUNT']]),
  },
  {
    name: 'U+2028, U+0085, VT and FF end no line',
    file: 'title\na\u2028b\u0085c\vd\fe\n',
    expect: allNew(titles('a\u2028b\u0085c\vd\fe')),
  },
  { name: 'many blank lines at the end', file: `${rows('\n')}${'\n'.repeat(500)}`, expect: two },
  {
    name: 'blank lines are no rows, and count as lines',
    file: '\n\ntitle\n\nOne\n\n \t \n""\nTwo\n',
    expect: partly(titles('One', 'Two'), [[8, 'title', 'EMPTY_TITLE']]),
  },
  {
    name: 'a line of delimiters is a row',
    file: 'title,description\n,\nOne,\n',
    expect: partly(titles('One'), [[2, 'title', 'EMPTY_TITLE']]),
  },
  { name: 'a header alone', file: 'title,description\n', expect: created(0) },
  { name: 'a header alone, without a line end', file: 'title', expect: created(0) },
  { name: 'a header and blank lines', file: 'title\n\n\n\n', expect: created(0) },
]

const stray = (line: number): CellError => [line, null, 'STRAY_QUOTE']
const unclosed = (line: number): CellError => [line, null, 'UNCLOSED_QUOTE']

export const QUOTES: Case[] = [
  { name: 'every cell', file: '"title","description"\n"One","a"\n"Two","b"\n', expect: two },
  {
    name: 'a comma',
    file: 'title,description\n"One, or two",a\n',
    expect: allNew([{ title: 'One, or two', description: 'a' }]),
  },
  { name: 'a quote is doubled', file: 'title\n"Say ""no"""\n', expect: allNew(titles('Say "no"')) },
  { name: 'nothing but a quote', file: 'title\n""""\n', expect: allNew(titles('"')) },
  { name: 'three in a row', file: 'title\n"""quoted"""\n', expect: allNew(titles('"quoted"')) },
  { name: 'an empty cell', file: 'title,description\nOne,""\n', expect: allNew([{ title: 'One', description: '' }]) },
  {
    name: 'line ends of all kinds, each kept',
    file: 'title\r\n"a\nb\r\nc\rd\n\n"\r\nTwo\r\n',
    expect: allNew(titles('a\nb\r\nc\rd\n\n', 'Two')),
  },
  {
    name: 'lines in a cell count, so later errors are where they are',
    file: 'title,priority\n"a\nb\nc",LOW\nTwo,SOON\n',
    expect: partly(titles('a\nb\nc'), [[5, 'priority', 'INVALID_PRIORITY']]),
  },
  { name: 'a line end in the header', file: '"task\nname"\nOne\n', expect: allNew(titles('One')) },
  { name: 'blanks inside are kept', file: 'title\n"  One  "\n', expect: allNew(titles('  One  ')) },
  { name: 'only the quoted cells quoted', file: 'title,description\n"One",a\nTwo,"b"\n', expect: two },
  {
    name: 'single quotes are letters',
    file: "title,description\n'One, or',two\n",
    expect: partly([], [[2, null, 'WRONG_CELL_COUNT']]),
  },
  {
    name: 'typographic quotes are letters',
    file: 'title\n“One”\n„Zwei“\n«Trois»\n',
    expect: allNew(titles('“One”', '„Zwei“', '«Trois»')),
  },
  {
    name: 'a stray one costs its row only',
    file: 'title,description\nOne,a\n5" screen,x\nTwo,b\n',
    expect: partly(titles('One', 'Two'), [stray(3)]),
  },
  {
    name: 'text after the closing one costs its row only',
    file: 'title,description\nOne,a\n"Bad"ly,x\nTwo,b\n',
    expect: partly(titles('One', 'Two'), [stray(3)]),
  },
  {
    name: 'a blank before the opening one',
    file: 'title,description\nOne,a\nBad, "x"\nTwo,b\n',
    expect: partly(titles('One', 'Two'), [stray(3)]),
  },
  {
    name: 'a blank after the closing one',
    file: 'title,description\nOne,a\n"Bad" ,x\nTwo,b\n',
    expect: partly(titles('One', 'Two'), [stray(3)]),
  },
  {
    name: 'escaped with a backslash',
    file: 'title,description\nOne,a\n"say \\"no\\"",x\nTwo,b\n',
    expect: partly(titles('One', 'Two'), [stray(3)]),
  },
  {
    name: 'never closed, in the last row',
    file: 'title,description\nOne,a\nTwo,b\n"Bad,x\n',
    expect: partly(titles('One', 'Two'), [unclosed(4)]),
  },
  {
    name: 'never closed, at the very end',
    file: 'title,description\nOne,a\nTwo,b\nBad,"',
    expect: partly(titles('One', 'Two'), [unclosed(4)]),
  },
  {
    name: 'never closed, in the middle: the rows behind it go in',
    file: 'title,description\nOne,a\n"Bad,x\nTwo,b\n',
    expect: partly(titles('One', 'Two'), [unclosed(3)]),
  },
  {
    name: 'never closed, and a quoted row behind it',
    file: 'title,description\nOne,a\nBad,"x\n"Two",b\n',
    expect: partly(titles('One', 'Two'), [unclosed(3)]),
  },
  {
    name: 'the header is not closed',
    file: '"title,description\nOne,a\n',
    expect: unreadable('BAD_HEADER', { line: 1 }),
  },
  {
    name: 'the header has a stray one',
    file: 'ti"tle,description\nOne,a\n',
    expect: unreadable('BAD_HEADER', { line: 1 }),
  },
  {
    name: 'the header has text after one',
    file: '\n"title"x,description\nOne,a\n',
    expect: unreadable('BAD_HEADER', { line: 2 }),
  },
]

const ragged = (line: number): CellError => [line, null, 'WRONG_CELL_COUNT']
const nul = (line: number): CellError => [line, null, 'NUL_BYTE']

export const ROWS: Case[] = [
  {
    name: 'too short',
    file: 'title,description\nOne,a\nBad\nTwo,b\n',
    expect: partly(titles('One', 'Two'), [ragged(3)]),
  },
  {
    name: 'too long',
    file: 'title,description\nOne,a\nBad,x,y\nTwo,b\n',
    expect: partly(titles('One', 'Two'), [ragged(3)]),
  },
  {
    name: 'a trailing comma in each row but the header',
    file: 'title,description\nOne,a,\nTwo,b,\n',
    expect: partly([], [ragged(2), ragged(3)]),
  },
  { name: 'a trailing comma in all rows', file: 'title,description,\nOne,a,\nTwo,b,\n', expect: two },
  {
    name: 'an unquoted comma in a text',
    file: 'title,description\nOne,a\nBad, really,x\n',
    expect: partly(titles('One'), [ragged(3)]),
  },
  {
    name: 'all of them wrong',
    file: 'title,description\nOne\nTwo\nThree\n',
    expect: partly([], [ragged(2), ragged(3), ragged(4)]),
  },
  { name: 'a NUL', file: 'title,description\nOne,a\nB\0d,x\nTwo,b\n', expect: partly(titles('One', 'Two'), [nul(3)]) },
  {
    name: 'a NUL in quotes',
    file: 'title,description\nOne,a\n"B\0d",x\nTwo,b\n',
    expect: partly(titles('One', 'Two'), [nul(3)]),
  },
  { name: 'nothing but a NUL', file: 'title\nOne\n\0\n', expect: partly(titles('One'), [nul(3)]) },
  {
    name: 'a NUL in a column that is left out',
    file: 'title,id\nOne,1\nBad,\0\n',
    expect: partly(titles('One'), [nul(3)]),
  },
  {
    name: 'a block of NULs at the end, as after a crash',
    file: bytes('title\nOne\n', Array<number>(512).fill(0)),
    expect: partly(titles('One'), [nul(3)]),
  },
  {
    name: 'other control characters are kept',
    file: 'title\na\x01b\x08c\x1bd\x7fe\n',
    expect: allNew(titles('a\x01b\x08c\x1bd\x7fe')),
  },
  {
    name: 'half of a tab-separated table pasted below',
    file: 'title,description\nOne,a\nTwo\tb\n',
    expect: partly(titles('One'), [ragged(3)]),
  },
  {
    name: 'the header once more in the middle is a row like any other',
    file: 'title,priority\nOne,LOW\ntitle,priority\n',
    expect: partly(titles('One'), [[3, 'priority', 'INVALID_PRIORITY']]),
  },
  {
    name: 'a comment is a row like any other',
    file: 'title,description\n# not a comment,x\n',
    expect: allNew(titles('# not a comment')),
  },
]

const MIB = 1024 * 1024
const long = (length: number) => 'x'.repeat(length)
const tooLong = (line: number): CellError => [line, null, 'RECORD_TOO_LONG']
const columns = (count: number) => `title${','.repeat(count - 1)}`

export const SIZES: Case[] = [
  {
    name: 'a row of 1 MiB is read, and its cell judged',
    file: `title,description\nOne,a\nB,${long(MIB - 2)}\nTwo,b\n`,
    expect: partly(titles('One', 'Two'), [[3, 'description', 'DESCRIPTION_TOO_LONG']]),
  },
  {
    name: 'a row of 1 MiB and a byte is rejected',
    file: `title,description\nOne,a\nB,${long(MIB - 1)}\nTwo,b\n`,
    expect: partly(titles('One', 'Two'), [tooLong(3)]),
  },
  {
    name: 'a row of 2 MiB, the last one',
    file: `title,description\nOne,a\nB,${long(2 * MIB)}`,
    expect: partly(titles('One'), [tooLong(3)]),
  },
  {
    name: 'a quoted cell of 2 MiB',
    file: `title,description\nOne,a\nB,"${long(2 * MIB)}"\nTwo,b\n`,
    expect: partly(titles('One', 'Two'), [tooLong(3)]),
  },
  {
    name: 'a header of more than 1 MiB',
    file: `title,${long(MIB)}\nOne,a\n`,
    expect: unreadable('BAD_HEADER', { line: 1 }),
  },
  {
    name: 'the largest file allowed',
    file: `title\n${`${long(99)}\n`.repeat(29_999)}${long(94)}`,
    expect: created(30_000),
  },
  {
    name: 'one byte more than allowed',
    file: `title\n${`${long(99)}\n`.repeat(29_999)}${long(95)}`,
    expect: { status: 413, code: 'FILE_TOO_LARGE' },
  },
  { name: '200 columns', file: `${columns(200)}\nOne${','.repeat(199)}\n`, expect: allNew(titles('One')) },
  { name: '201 columns', file: `${columns(201)}\nOne${','.repeat(200)}\n`, expect: badHeader(/201 columns.*200/) },
  {
    name: 'a header cell of 200 characters',
    file: `title,${long(200)}\nOne,a\n`,
    query: { mapping: `{"${long(200)}":"description"}` },
    expect: allNew([{ title: 'One', description: 'a' }]),
  },
  { name: 'a header cell of 201 characters', file: `title,${long(201)}\nOne,a\n`, expect: badHeader(/200 characters/) },
  {
    name: 'many rows, every hundredth of them bad',
    file: `title,priority\n${Array.from({ length: 5_000 }, (_, i) => `Task ${i},${i % 100 === 99 ? 'SOON' : 'LOW'}\n`).join('')}`,
    expect: done([5_000, 4_950, 0, 0, 50], {
      errors: Array.from({ length: 50 }, (_, i) => [i * 100 + 101, 'priority', 'INVALID_PRIORITY']),
    }),
  },
]
