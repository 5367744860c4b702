import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { AppError } from '../platform/errors.ts'
import { CsvFileError } from './csv-file.ts'
import { CsvReader, type CsvReaderOptions } from './csv-reader.ts'
import type { Encoding } from './decode.ts'

type Options = Partial<CsvReaderOptions>

async function* inPieces(bytes: Uint8Array, sizes: number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes.length ? (sizes[i % sizes.length] as number) : bytes.length
    // A copy that is overwritten afterwards, as an upload's buffer may be.
    const chunk = Uint8Array.from(bytes.subarray(at, at + size))
    yield chunk
    chunk.fill(0x21)
    at += size
  }
}

async function read(file: string | Uint8Array, options: Options = {}, sizes: number[] = []) {
  const bytes = Buffer.from(file as Uint8Array)
  const reader = new CsvReader({ profile: 'any', maxBytes: 1e9, ...options })
  const copies: Buffer[] = []
  const rejected = []
  for await (const batch of reader.batches(inPieces(bytes, sizes))) {
    assert.ok(reader.header.length > 0, 'the header is known with the first batch')
    assert.equal(reader.columns.length, reader.header.length)
    copies.push(batch.copy)
    rejected.push(...batch.rejected)
  }
  assert.ok(copies.length > 0, 'there is a first batch')
  assert.equal(reader.bytes, bytes.length)
  assert.deepEqual(reader.sha256(), createHash('sha256').update(bytes).digest())
  const { header, delimiter, records } = reader
  const fields = reader.columns.map(({ field }) => field)
  return { header, fields, delimiter, records, copy: Buffer.concat(copies).toString(), rejected }
}

/** The result, or the error, as a value. */
async function outcome(file: string | Uint8Array, options: Options = {}, sizes: number[] = []) {
  try {
    return await read(file, options, sizes)
  } catch (error) {
    if (error instanceof CsvFileError) return { code: error.code, message: error.message, byte: error.byte }
    if (error instanceof AppError) return { code: error.code, message: error.message }
    throw error
  }
}

async function assertCode(file: string | Uint8Array, options: Options, code: string, says = /./): Promise<void> {
  const whole = await outcome(file, options)
  assert.ok('code' in whole, 'it is refused')
  assert.equal(whole.code, code)
  assert.match(whole.message, says)
  for (const sizes of [[1], [2], [3], [7]]) assert.deepEqual(await outcome(file, options, sizes), whole)
}

const western = (text: string) => Buffer.from(text, 'latin1')
const utf16 = (text: string) => Buffer.from(text, 'utf16le')

test('delimiter, header and columns are found, and records come with their lines', async () => {
  assert.deepEqual(await read('\ufeffSummary;Due;\r\nA, b;1.2.2025;\r\n"x\r\ny";;\r\nz;\r\n'), {
    header: ['Summary', 'Due', ''],
    fields: ['title', 'due_date', null],
    delimiter: ';',
    records: 3,
    copy: '2;A, b;1.2.2025;\n3;"x\r\ny";;\n',
    rejected: [{ line: 5, code: 'WRONG_CELL_COUNT', message: 'has 2 cells, the header has 3', raw: 'z;' }],
  })
})

test('a header alone gives one empty batch', async () => {
  const { copy, records, fields } = await read('title,status')
  assert.deepEqual({ copy, records, fields }, { copy: '', records: 0, fields: ['title', 'status'] })
})

test('what is told goes before what is found', async () => {
  assert.deepEqual(
    (await read('title,a;b\nx,1;2\n', { delimiter: ';', mapping: { 'title,a': 'title', b: null } })).header,
    ['title,a', 'b'],
  )
  assert.equal((await read(western('title\ncaf\xe9 \x80\n'), { encoding: 'windows-1252' })).copy, '2,café €\n')
  assert.equal((await read(western('title\ncaf\xe9 \x80\n'), { encoding: 'iso-8859-1' })).copy, '2,café \x80\n')
  assert.equal((await read(utf16('title\né🙂\n'), { encoding: 'utf-16le' })).copy, '2,é🙂\n')
})

test('columns of the mapping help to find the delimiter', async () => {
  const mapping = { Titel: 'title', Fällig: 'due_date' }
  assert.equal((await read('Titel|Fällig|a,b,c,d\n', { mapping: { ...mapping, 'a,b,c,d': null } })).delimiter, '|')
})

test('a line sep= names the delimiter, is no header, and counts as a line', async () => {
  for (const sizes of [[], [1], [5]]) {
    const { delimiter, copy, header } = await read(
      '\ufeffsep=|\r\ntitle|a,b;c\r\nx|y\r\n',
      { mapping: { 'a,b;c': null } },
      sizes,
    )
    assert.deepEqual({ delimiter, copy, header }, { delimiter: '|', copy: '3|x|y\n', header: ['title', 'a,b;c'] })
  }
  assert.equal((await read('sep=;\ntitle,status\nx,\n', { delimiter: ',' })).copy, '3,x,\n')
  assert.equal((await read(utf16('\ufeffsep=;\r\ntitle;due\r\nx;\r\n'))).copy, '3;x;\n')
  await assertCode('sep=;', {}, 'EMPTY_FILE', /no header/)
  await assertCode('sep=!\ntitle\n', {}, 'BAD_HEADER', /sep=!/)
  await assertCode('sep=;\ntitle;\xff\n', { encoding: 'windows-1252' }, 'INVALID_CSV_HEADER', /unknown/)
  // Offsets stay those of the file.
  const bad = await outcome(western('sep=;\ntitle\n\xff\n'))
  assert.deepEqual(bad, { code: 'NOT_UTF8', message: 'not UTF-8: byte 12 (line 3)', byte: 12 })
})

describe('the original contract', () => {
  const options: Options = { profile: 'original' }

  test('is UTF-8 with commas, whatever the header looks like', async () => {
    assert.equal((await read('task_name,status\na;b,\n', options)).copy, '2,a;b,\n')
    await assertCode('task_name;status\nx;\n', options, 'INVALID_CSV_HEADER', /lacks task_name/)
    await assertCode('sep=,\ntask_name\nx\n', options, 'INVALID_CSV_HEADER', /lacks task_name/)
    await assertCode(utf16('\ufefftask_name\nx\n'), options, 'NOT_UTF8', /UTF-16/)
    await assertCode(western('task_name\nCaf\xe9\n'), options, 'NOT_UTF8', /byte 13/)
    await assertCode('', options, 'EMPTY_FILE', /the file is empty/)
  })
})

test('FILE_TOO_LARGE counts the bytes as sent: the limit is fine, one more is not', async () => {
  for (const file of [Buffer.from('title\nx,y\nz\n'), utf16('\ufefftitle\nx,y\nz\n')]) {
    const { records } = await read(file, { maxBytes: file.length })
    assert.equal(records, 2)
    await assertCode(file, { maxBytes: file.length - 1 }, 'FILE_TOO_LARGE', /the file has more than \d+ bytes/)
    await assertCode(file, { maxBytes: 4 }, 'FILE_TOO_LARGE')
  }
})

test('what is wrong with the header is told before what is wrong further down', async () => {
  const expected = ['INVALID_CSV_HEADER', /"colour"/] as const
  await assertCode(western('title,colour\nx,\xff\n'), {}, ...expected)
  await assertCode(utf16('\ufefftitle,colour\nx,\ud83d\n'), {}, ...expected)
  await assertCode('title,colour\nx,y\nx,y\n', { maxBytes: 20 }, ...expected)
})

test('files that are something else are refused with a reason', async () => {
  await assertCode('', {}, 'EMPTY_FILE', /the file is empty/)
  await assertCode('\n\n', {}, 'EMPTY_FILE', /no header/)
  await assertCode(Buffer.alloc(100), {}, 'NOT_UTF8', /NUL bytes, the file may be UTF-16/)
  await assertCode(utf16('title\nx\n'), {}, 'NOT_UTF8', /may be UTF-16/)
  await assertCode(Buffer.from('PK\u0003\u0004 not a csv'), {}, 'INVALID_CSV_HEADER', /unknown columns/)
  await assertCode(western('PK\x03\x04\x14\0\x06\0\b\0\0\0!\0\xdf\xa4\xd2lZ'), {}, 'NOT_UTF8')
  await assertCode(western('\x89PNG\r\n\x1a\n\0\0\0\rIHDR'), {}, 'NOT_UTF8', /byte 0/)
  await assertCode(western('\x89PNG\r\n\x1a\n\0\0\0\rIHDR'), { encoding: 'windows-1252' }, 'INVALID_CSV_HEADER', /PNG/)
  await assertCode('title,"open\nx,y\n', {}, 'BAD_HEADER', /no closing quote/)
  await assertCode('titl"e\nx\n', {}, 'BAD_HEADER')
  await assertCode(utf16('\ufefftitle\nx\n').subarray(0, -1), {}, 'BAD_ENCODING', /half a character/)
  await assertCode(Buffer.from('\ufefftitle\n'), { encoding: 'windows-1252' }, 'BAD_ENCODING', /byte order mark/)
})

test('blank lines without end and a line without end pass in constant memory', async () => {
  const before = process.memoryUsage().arrayBuffers
  for (const content of ['\n', 'x']) {
    const reader = new CsvReader({ profile: 'any', maxBytes: 1e9 })
    const chunk = Buffer.alloc(1 << 18, content)
    const bytes = async function* () {
      for (let i = 0; i < 256; i++) yield chunk
      assert.ok(process.memoryUsage().arrayBuffers - before < 32 << 20)
    }
    const code = content === 'x' ? 'BAD_HEADER' : 'EMPTY_FILE'
    await assert.rejects(reader.batches(bytes()).next(), { code })
  }
})

test('the source is closed when the reader is left, and when it fails', async () => {
  for (const header of ['title\n', 'colour\n']) {
    let closed = false
    const bytes = async function* () {
      try {
        yield Buffer.from(header)
        for (;;) yield Buffer.from('x\n'.repeat(100))
      } finally {
        closed = true
      }
    }
    const batches = new CsvReader({ profile: 'any', maxBytes: 1e9 }).batches(bytes())
    if (header === 'title\n') {
      await batches.next()
      await batches.return(undefined)
    } else await assert.rejects(batches.next())
    assert.equal(closed, true)
  }
})

test('property: however a file is cut and whichever way it is encoded, the rows are the same', async () => {
  const pieces = [...';;;""\n\r;aé€🙂 ,\0', '\r\n', '""', '";', ';"', '\n"', '"\n', 'x;y\n', '\ufeff', 'sep=;\n']
  const soup = fc.array(fc.constantFrom(...pieces), { maxLength: 40, size: 'max' }).map((parts) => parts.join(''))
  const begin = fc.constantFrom(
    'title;due\n',
    '\n\r\ntitle;due\r\n',
    'sep=;\r\ntitle;due\n',
    'title;"d\nue"\n',
    'title;\n',
    '',
  )
  const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 })
  const mapping = fc.constantFrom<Options['mapping']>(undefined, { due: 'due_date' })
  const property = fc.asyncProperty(begin, soup, sizes, mapping, async (head, body, cuts, mapped) => {
    const text = `\ufeff${head}${body}`
    const options: Options = { mapping: mapped }
    const plain = await outcome(text, options)
    assert.deepEqual(await outcome(text, options, cuts), plain)
    const files: [Buffer, Encoding | undefined][] = [
      [utf16(text), undefined],
      [utf16(text).swap16(), undefined],
      [utf16(text), 'utf-16le'],
    ]
    for (const [file, encoding] of files) {
      assert.deepEqual(await outcome(file, { ...options, encoding }, cuts), plain)
    }
  })
  await fc.assert(property, { numRuns: 400 })
})

test('property: bytes of any kind in any encoding give the same however they are cut', async () => {
  const piece = fc.constantFrom(
    'title',
    'due',
    ';',
    ',',
    '\n',
    '\xff',
    '\xfe',
    '\xef\xbb\xbf',
    '\0',
    '"',
    '\xd8',
    'sep=',
    '\r',
  )
  const file = fc.array(piece, { maxLength: 30, size: 'max' }).map((parts) => western(parts.join('')))
  const encodings = fc.constantFrom<Encoding | undefined>(undefined, 'utf-8', 'utf-16le', 'utf-16be', 'windows-1252')
  const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 })
  const limit = fc.constantFrom(20, 1e9)
  const profile = fc.constantFrom<'any' | 'original'>('any', 'original')
  const all = fc.asyncProperty(
    file,
    encodings,
    limit,
    profile,
    sizes,
    async (bytes, encoding, maxBytes, kind, cuts) => {
      const options: Options = { encoding, maxBytes, profile: kind }
      assert.deepEqual(await outcome(bytes, options, cuts), await outcome(bytes, options))
    },
  )
  await fc.assert(all, { numRuns: 1000 })
})
