import {
  allNew,
  badHeader,
  bytes,
  type Case,
  latin1,
  onDisk,
  partly,
  titles,
  unreadable,
  utf16be,
  utf16le,
} from './case.ts'

/** What the bytes of a file mean. */

const text = 'title,description\nBrücke prüfen,Größe: 5 €\nΤείχος,🧱\n'
const read = allNew([
  { title: 'Brücke prüfen', description: 'Größe: 5 €' },
  { title: 'Τείχος', description: '🧱' },
])
const western = allNew([{ title: 'Brücke', description: 'größer' }])
const notUtf8 = (byte: number, line: number) => unreadable('NOT_UTF8', { byte, line })

export const ENCODINGS: Case[] = [
  { name: 'UTF-8', file: text, expect: read },
  { name: 'UTF-8, with a mark', file: `\uFEFF${text}`, expect: read },
  { name: 'UTF-8, and told so', file: text, query: { encoding: 'utf-8' }, expect: read },
  { name: 'UTF-16LE with a mark', file: utf16le(`\uFEFF${text}`), expect: read },
  { name: 'UTF-16BE with a mark', file: utf16be(`\uFEFF${text}`), expect: read },
  {
    name: 'UTF-16LE with a mark, and told so',
    file: utf16le(`\uFEFF${text}`),
    query: { encoding: 'utf-16le' },
    expect: read,
  },
  {
    name: 'UTF-16LE without a mark is no UTF-8',
    file: utf16le(text),
    expect: unreadable('NOT_UTF8', { says: /UTF-16/ }),
  },
  {
    name: 'UTF-16BE without a mark is no UTF-8',
    file: utf16be(text),
    expect: unreadable('NOT_UTF8', { says: /UTF-16/ }),
  },
  { name: 'UTF-16LE without a mark, told so', file: utf16le(text), query: { encoding: 'utf-16le' }, expect: read },
  { name: 'UTF-16BE without a mark, told so', file: utf16be(text), query: { encoding: 'utf-16be' }, expect: read },
  {
    name: 'UTF-16LE told to be BE by its mark',
    file: utf16le(`\uFEFF${text}`),
    query: { encoding: 'utf-16be' },
    expect: unreadable('BAD_ENCODING', { byte: 0 }),
  },
  {
    name: 'UTF-16LE of an odd number of bytes',
    file: Buffer.concat([utf16le('\uFEFFtitle\na\n'), Buffer.from('x')]),
    expect: unreadable('BAD_ENCODING', { byte: 18 }),
  },
  {
    name: 'UTF-16LE with half a surrogate pair',
    file: utf16le('\uFEFFtitle\na\uD83Db\n'),
    expect: unreadable('BAD_ENCODING', { byte: 16 }),
  },
  {
    name: 'UTF-16LE with a pair the wrong way round',
    file: utf16le('\uFEFFtitle\n\uDDF1\uD83D\n'),
    expect: unreadable('BAD_ENCODING', { byte: 14 }),
  },
  {
    name: 'UTF-16LE that is cut within a pair',
    file: utf16le('\uFEFFtitle\na\uD83D'),
    expect: unreadable('BAD_ENCODING', { byte: 16 }),
  },
  { name: 'a UTF-16 mark and nothing else', file: utf16le('\uFEFF'), expect: unreadable('EMPTY_FILE') },
  {
    name: 'UTF-16 with a NUL in one cell',
    file: utf16le('\uFEFFtitle\nOne\nB\0d\nTwo\n'),
    expect: partly(titles('One', 'Two'), [[3, null, 'NUL_BYTE']]),
  },
  {
    name: 'UTF-32 is none that is read',
    file: Buffer.concat([...'\uFEFFtitle\nOne\n'].map((c) => utf16le(`${c}\0`))),
    expect: { status: 422, code: 'INVALID_CSV' },
  },
  { name: 'UTF-7 is plain text', file: 'title\nBr+APw-cke\n', expect: allNew(titles('Br+APw-cke')) },
  {
    name: 'ISO 8859-1 is no UTF-8, and told where',
    file: latin1('title,description\nBrücke,größer\n'),
    expect: notUtf8(20, 2),
  },
  {
    name: 'ISO 8859-1, told so',
    file: latin1('title,description\nBrücke,größer\n'),
    query: { encoding: 'iso-8859-1' },
    expect: western,
  },
  {
    name: 'windows-1252, told so',
    file: latin1('title,description\nBrücke,größer\n'),
    query: { encoding: 'windows-1252' },
    expect: western,
  },
  {
    name: 'windows-1252 has a euro, quotes and dashes where ISO 8859-1 has controls',
    file: bytes('title\n', [0x80, 0x20, 0x84, 0x93, 0x96, 0x99], '\n'),
    query: { encoding: 'windows-1252' },
    expect: allNew(titles('€ „“–™')),
  },
  {
    name: 'ISO 8859-1 keeps these controls',
    file: bytes('title\na', [0x80, 0x9f], '\n'),
    query: { encoding: 'iso-8859-1' },
    expect: allNew(titles('a\x80\x9f')),
  },
  {
    name: 'windows-1252, the bytes that mean nothing',
    file: bytes('title\na', [0x81, 0x8d, 0x8f, 0x90, 0x9d], '\n'),
    query: { encoding: 'windows-1252' },
    expect: allNew(titles('a\x81\x8d\x8f\x90\x9d')),
  },
  {
    name: 'UTF-8 with a mark, told to be windows-1252',
    file: `\uFEFF${text}`,
    query: { encoding: 'windows-1252' },
    expect: unreadable('BAD_ENCODING', { byte: 0 }),
  },
  {
    name: 'ISO 8859-1 below row one hundred',
    file: latin1(`title\n${'abc\n'.repeat(99)}Brücke\n`),
    expect: notUtf8(404, 101),
  },
  { name: 'ISO 8859-1 in the header', file: latin1('title,priorität\nOne,LOW\n'), expect: notUtf8(13, 1) },
  {
    name: 'an unknown encoding is a wrong request',
    file: text,
    query: { encoding: 'latin1' },
    expect: { status: 400, code: 'INVALID_REQUEST' },
  },
  { name: 'an overlong NUL', file: bytes('title\na', [0xc0, 0x80], '\n'), expect: notUtf8(7, 2) },
  { name: 'an overlong slash', file: bytes('title\na', [0xe0, 0x80, 0xaf], '\n'), expect: notUtf8(7, 2) },
  {
    name: 'a surrogate, as of CESU-8',
    file: bytes('title\na', [0xed, 0xa0, 0xbd, 0xed, 0xb7, 0xb1], '\n'),
    expect: notUtf8(7, 2),
  },
  { name: 'beyond the last character', file: bytes('title\na', [0xf4, 0x90, 0x80, 0x80], '\n'), expect: notUtf8(7, 2) },
  { name: 'a lone continuation', file: bytes('title\na', [0x80], '\n'), expect: notUtf8(7, 2) },
  { name: 'a byte that never occurs', file: bytes('title\na', [0xff], '\n'), expect: notUtf8(7, 2) },
  { name: 'a character cut by the end of the file', file: bytes('title\na', [0xe2, 0x82]), expect: notUtf8(7, 2) },
  {
    name: 'a character cut by the end of a line',
    file: bytes('title\na', [0xe2, 0x82], '\nb\n'),
    expect: notUtf8(7, 2),
  },
  {
    name: 'one bad byte behind good rows, and nothing of them is kept',
    file: bytes(`title\n${'Good\n'.repeat(1000)}`, [0xfe]),
    expect: notUtf8(5_006, 1_002),
  },
  { name: 'a second byte order mark is a character', file: 'title\n\uFEFFOne\n', expect: allNew(titles('\uFEFFOne')) },
]

const noCsv: Case['expect'] = { status: 422, code: 'INVALID_CSV' }

export const NO_CSV: Case[] = [
  { name: 'nothing at all', file: '', expect: unreadable('EMPTY_FILE') },
  { name: 'a line end', file: '\n', expect: unreadable('EMPTY_FILE') },
  {
    name: 'blank lines',
    file: '\r\n \r\n\t\r\n',
    expect: unreadable('EMPTY_FILE'),
  },
  { name: 'a byte order mark', file: '\uFEFF', expect: unreadable('EMPTY_FILE') },
  { name: 'a line sep= alone', file: 'sep=;\r\n', expect: unreadable('EMPTY_FILE') },
  { name: 'one byte', file: 'x', expect: badHeader(/"x"/) },
  { name: 'a NUL', file: '\0', expect: unreadable('NOT_UTF8') },
  { name: 'an Excel workbook', file: onDisk('workbook.xlsx'), expect: allNew(titles('One')) },
  { name: 'a LibreOffice sheet', file: onDisk('sheet.ods'), expect: unreadable('BAD_WORKBOOK') },
  { name: 'a CSV file in a zip', file: onDisk('tasks.csv.zip'), expect: unreadable('BAD_WORKBOOK') },
  { name: 'a CSV file in gzip', file: onDisk('tasks.csv.gz'), expect: noCsv },
  { name: 'a picture', file: onDisk('pixel.png'), expect: noCsv },
  { name: 'a document', file: onDisk('page.pdf'), expect: { status: 422, code: 'INVALID_CSV_HEADER' } },
  {
    name: 'a web page, as of an expired login',
    file: onDisk('login.html'),
    expect: { status: 422, code: 'INVALID_CSV_HEADER' },
  },
  { name: 'JSON', file: '[{"title":"One"}]', expect: noCsv },
  { name: 'JSON on lines', file: '{"title": "One"}\n{"title": "Two"}\n', expect: noCsv },
  { name: 'prose', file: 'Dear team,\nplease find attached the tasks.\n', expect: badHeader(/"Dear team"/) },
  {
    name: 'rows without a header',
    file: 'Data Backup,Backup database daily,TRUE,HIGH,3/31/2025,john_doe\n',
    expect: badHeader(/"Data Backup"/),
  },
]
