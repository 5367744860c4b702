const DAY_MS = 86_400_000
/** Day 0 of the count, from 1 March 1900 on: Excel has a 29 February 1900, which never was. */
const DAY_0 = Date.UTC(1899, 11, 30)
const DAYS_TO_1904 = 1_462
/** 31 December 9999. */
const LAST_DAY = 2_958_465

/** ECMA-376 part 1, 18.8.30: of the formats every program knows, those of dates. */
const DATE_FORMATS: [from: number, to: number][] = [
  [14, 22],
  [27, 36],
  [45, 47],
  [50, 58],
]

/** @param code the format itself, of those that a workbook brings */
export function isDateFormat(id: number, code: string | undefined): boolean {
  if (code === undefined) return DATE_FORMATS.some(([from, to]) => id >= from && id <= to)
  // Without quoted and escaped text, colours, conditions, fill characters and the sections for negative numbers and text.
  const plain = code.replace(/"[^"]*"|\\.|_.|\*./g, '').replace(/\[(?!h+\]|m+\]|s+\])[^\]]*\]/gi, '')
  return /[ymdhs]/i.test((plain.split(';')[0] ?? '').replace(/general/gi, ''))
}

/**
 * A moment as a workbook counts it, in days, as ISO 8601 without a zone: a workbook knows none. What is no date stays a
 * number: times of day alone, and what lies outside of the calendar.
 */
export function dateText(number: number, from1904: boolean): string {
  const days = from1904 ? number + DAYS_TO_1904 : number < 60 ? number + 1 : number
  if (!(days >= 1 && number >= 1 && days < LAST_DAY + 1)) return String(number)
  const ms = Math.round(days * DAY_MS)
  const text = new Date(DAY_0 + ms).toISOString().slice(0, -1)
  return ms % DAY_MS === 0 ? text.slice(0, 10) : text.replace(/\.000$/, '')
}

/** As a person reads it: 1E3 is 1000, 0.30000000000000004 is what stands there, and so is a key of 20 digits. */
export function numberText(text: string): string {
  if (/^-?\d+$/.test(text)) return text
  const number = Number(text)
  return text.trim() === '' || Number.isNaN(number) ? text : String(number)
}

/** ECMA-376 part 1, 22.9.2.19: `_x000D_` stands for a character that XML cannot hold. */
export function unescapeText(text: string): string {
  if (!text.includes('_x')) return text
  return text
    .replace(/_x([0-9A-Fa-f]{4})_/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .toWellFormed()
}

const A = 'A'.charCodeAt(0)
const MOST_COLUMNS = 16_384

/** The column of a cell such as `AB12`, from 0 on. @returns undefined for what is none */
export function columnOf(reference: string): number | undefined {
  const letters = /^[A-Z]{1,3}(?=\d)/.exec(reference)?.[0]
  if (!letters) return undefined
  let column = 0
  for (const letter of letters) column = column * 26 + letter.charCodeAt(0) - A + 1
  return column <= MOST_COLUMNS ? column - 1 : undefined
}
