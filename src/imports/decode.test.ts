import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CsvFileError } from './csv-file.ts'
import { decode, type Encoding } from './decode.ts'

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

async function decodedBytes(bytes: Uint8Array, encoding?: Encoding): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of decode(inPieces(bytes, [1]), encoding)) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

/** The text, and what was thrown behind it. */
async function outcome(bytes: Uint8Array, encoding?: Encoding, sizes: number[] = []) {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of decode(inPieces(bytes, sizes), encoding)) chunks.push(Buffer.from(chunk))
    return { text: Buffer.concat(chunks).toString() }
  } catch (error) {
    if (!(error instanceof CsvFileError)) throw error
    const { code, message, byte } = error
    return { text: Buffer.concat(chunks).toString(), code, message, byte }
  }
}

async function assertDecodes(bytes: Uint8Array, encoding: Encoding | undefined, expected: object): Promise<void> {
  for (const sizes of [[], [1], [2], [3]]) assert.deepEqual(await outcome(bytes, encoding, sizes), expected)
}

const le = (text: string) => Buffer.from(text, 'utf16le')
const be = (text: string) => Buffer.from(text, 'utf16le').swap16()
const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i))

test('without an encoding, a byte order mark tells UTF-16, and all else passes untouched', async () => {
  await assertDecodes(le('\ufeffa,€🙂'), undefined, { text: '\ufeffa,€🙂' })
  await assertDecodes(be('\ufeffa,€🙂'), undefined, { text: '\ufeffa,€🙂' })
  await assertDecodes(Buffer.from('\ufeffa,€🙂'), undefined, { text: '\ufeffa,€🙂' })
  for (const file of ['', 'a', 'ab', 'a,b', le('ab'), all]) {
    assert.deepEqual(await decodedBytes(Buffer.from(file)), Buffer.from(file))
  }
})

test('UTF-16 as told needs no byte order mark', async () => {
  await assertDecodes(le('a,é€🙂\n'), 'utf-16le', { text: 'a,é€🙂\n' })
  await assertDecodes(be('a,é€🙂\n'), 'utf-16be', { text: 'a,é€🙂\n' })
  await assertDecodes(be('\ufeffa'), 'utf-16be', { text: '\ufeffa' })
})

test('windows-1252 is that of the WHATWG, undefined bytes becoming controls', async () => {
  const from80 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ'
  await assertDecodes(all, 'windows-1252', {
    text: all.toString('latin1', 0, 128) + from80 + all.toString('latin1', 160),
  })
})

test('iso-8859-1 is itself, not windows-1252: 80 to 9F are controls', async () => {
  await assertDecodes(all, 'iso-8859-1', { text: all.toString('latin1') })
})

test('BAD_ENCODING: UTF-16 that is none, with its byte, behind what stands before it', async () => {
  const error = (text: string, name: string, what: string, byte: number) => ({
    text,
    code: 'BAD_ENCODING',
    message: `not ${name}: ${what}, byte ${byte}`,
    byte,
  })
  const unpaired = 'an unpaired surrogate'
  await assertDecodes(le('ab\ud83dc🙂'), 'utf-16le', error('ab', 'UTF-16LE', unpaired, 4))
  await assertDecodes(be('ab\udc00c'), 'utf-16be', error('ab', 'UTF-16BE', unpaired, 4))
  await assertDecodes(le('🙂\ud83d\ud83d'), 'utf-16le', error('🙂', 'UTF-16LE', unpaired, 4))
  await assertDecodes(le('\ufeffa\ud83d'), undefined, error('\ufeffa', 'UTF-16LE', unpaired, 4))
  const half = 'half a character at the end'
  await assertDecodes(be('\ufeffab').subarray(0, -1), undefined, error('\ufeffa', 'UTF-16BE', half, 4))
  await assertDecodes(Buffer.from('a'), 'utf-16le', error('', 'UTF-16LE', half, 0))
  // The unpaired one comes first.
  await assertDecodes(le('a\ud83d🙂').subarray(0, 5), 'utf-16le', error('a', 'UTF-16LE', unpaired, 2))
})

test('BAD_ENCODING: a byte order mark of another encoding than told', async () => {
  for (const [bytes, told, says] of [
    [Buffer.from('\ufeffa'), 'windows-1252', 'that of UTF-8, not of WINDOWS-1252'],
    [Buffer.from('\ufeffa'), 'utf-16le', 'that of UTF-8, not of UTF-16LE'],
    [le('\ufeffa'), 'iso-8859-1', 'that of UTF-16LE, not of ISO-8859-1'],
    [be('\ufeffa'), 'utf-16le', 'that of UTF-16BE, not of UTF-16LE'],
  ] as const) {
    await assertDecodes(bytes, told, {
      text: '',
      code: 'BAD_ENCODING',
      message: `its byte order mark is ${says}`,
      byte: 0,
    })
  }
  // This one the splitter tells.
  assert.deepEqual(await decodedBytes(le('\ufeffa'), 'utf-8'), le('\ufeffa'))
})

test('property: however bytes are cut into chunks, the text or the error is the same', async () => {
  const encodings = fc.constantFrom<Encoding | undefined>(
    undefined,
    'utf-8',
    'utf-16le',
    'utf-16be',
    'windows-1252',
    'iso-8859-1',
  )
  const unit = fc.constantFrom('\ufeff', 'a', '\n', '€', '🙂', '\ud83d', '\ude42', '\0')
  const file = fc
    .tuple(fc.array(unit, { maxLength: 20 }), fc.boolean(), fc.boolean())
    .map(([units, swap, odd]) => (swap ? be : le)(units.join('')).subarray(odd ? 1 : 0))
  const sizes = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 6 })
  const property = fc.asyncProperty(
    fc.oneof(file, fc.uint8Array()),
    encodings,
    sizes,
    async (bytes, encoding, cuts) => {
      assert.deepEqual(await outcome(bytes, encoding, cuts), await outcome(bytes, encoding))
    },
  )
  await fc.assert(property, { numRuns: 500 })
})

test('property: a text is read back from each encoding that can write it', async () => {
  const text = fc.string({ unit: fc.constantFrom('a', ',', '\n', 'é', '€', '🙂', '\ufeff', '\0') })
  const sizes = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 6 })
  const property = fc.asyncProperty(text, sizes, async (content, cuts) => {
    // A mark before it, since the text may begin with what looks like one.
    const expected = { text: `\ufeff${content}` }
    assert.deepEqual(await outcome(le(expected.text), undefined, cuts), expected)
    assert.deepEqual(await outcome(be(expected.text), undefined, cuts), expected)
    assert.deepEqual(await outcome(le(expected.text), 'utf-16le', cuts), expected)
    assert.deepEqual(await outcome(Buffer.from(expected.text), 'utf-8', cuts), expected)
    const western = `a${content.replace(/[^\0-\xff]/gu, '')}`
    assert.deepEqual(await outcome(Buffer.from(western, 'latin1'), 'iso-8859-1', cuts), { text: western })
  })
  await fc.assert(property, { numRuns: 300 })
})
