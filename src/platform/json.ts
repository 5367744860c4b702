import { invalidJson } from './errors.ts'

const MAX_DEPTH = 32
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Parses a request body as JSON (RFC 8259), strictly: UTF-8 only, no duplicate or prototype-changing keys, no NUL,
 * no lone surrogates, at most 32 levels deep. `JSON.parse` alone takes all of those.
 *
 * @param bytes the whole body
 * @throws AppError INVALID_JSON (400) saying what is wrong
 */
export function parseStrictJson(bytes: Uint8Array): unknown {
  const text = decodeUtf8(bytes)
  checkDepth(text)
  const value = parse(text)
  checkKeys(text)
  checkStrings(value)
  return value
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw invalidJson('The body is not valid UTF-8.')
  }
}

function parse(text: string): unknown {
  if (text.trim() === '') throw invalidJson('The body is empty; JSON was expected.')
  try {
    return JSON.parse(text)
  } catch {
    throw invalidJson('The body is not valid JSON.')
  }
}

/** Before parsing, so that a deeply nested body costs nothing. */
function checkDepth(text: string): void {
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x22) i = endOfString(text, i)
    else if (c === 0x7b || c === 0x5b) {
      if (++depth > MAX_DEPTH) throw invalidJson(`The body is nested more than ${MAX_DEPTH} levels deep.`)
    } else if (c === 0x7d || c === 0x5d) depth--
  }
}

/** Index of the quote that closes the string opened at `start` (text length when none does). */
function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x5c) i++
    else if (c === 0x22) return i
  }
  return text.length
}

/** The text is known to be valid JSON here, so a string followed by a colon is a key. */
function checkKeys(text: string): void {
  const open: (Set<string> | undefined)[] = []
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x7b) open.push(new Set())
    else if (c === 0x5b) open.push(undefined)
    else if (c === 0x7d || c === 0x5d) open.pop()
    else if (c === 0x22) {
      const end = endOfString(text, i)
      if (isKey(text, end)) addKey(open.at(-1), JSON.parse(text.slice(i, end + 1)) as string)
      i = end
    }
  }
}

function isKey(text: string, end: number): boolean {
  let i = end + 1
  while (i < text.length && ' \t\n\r'.includes(text.charAt(i))) i++
  return text.charAt(i) === ':'
}

function addKey(keys: Set<string> | undefined, key: string): void {
  if (key === '__proto__') throw invalidJson('The member name "__proto__" is not allowed.')
  if (keys?.has(key)) throw invalidJson(`The member ${JSON.stringify(key)} stands more than once.`)
  keys?.add(key)
}

function checkStrings(value: unknown): void {
  if (typeof value === 'string') checkString(value)
  else if (Array.isArray(value)) for (const item of value) checkStrings(item)
  else if (value !== null && typeof value === 'object') {
    for (const [key, item] of Object.entries(value)) {
      checkString(key)
      checkStrings(item)
    }
  }
}

function checkString(text: string): void {
  if (text.includes('\0')) throw invalidJson('Strings cannot hold the character U+0000.')
  if (!text.isWellFormed()) throw invalidJson('A string holds half of a surrogate pair, which is not a character.')
}
