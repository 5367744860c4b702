import { invalidField } from './errors.ts'

/**
 * Cursors are opaque text: the sort key of the last item of a page. Keyset pages stay right
 * while rows are added, and cost the same at any depth.
 */
export function encodeCursor(key: (string | number)[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url')
}

/**
 * @param shape one pattern for each part of the key
 * @throws AppError INVALID_REQUEST (400) when the text is not such a cursor
 */
export function decodeCursor(cursor: string, shape: RegExp[]): string[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    if (Array.isArray(parts) && parts.length === shape.length) {
      const texts = parts.map(String)
      if (texts.every((text, i) => shape[i]?.test(text))) return texts
    }
  } catch {
    // answered below
  }
  throw invalidField('query', 'cursor', 'is not a cursor of this list')
}

/** The id to continue after, for lists in order of id. */
export function afterId(cursor: string | undefined): string {
  return cursor ? (decodeCursor(cursor, [/^\d{1,15}$/])[0] ?? '0') : '0'
}

/** A page of rows that were read with one more than the limit. */
export function idPage<Row, Item>(rows: Row[], limit: number, key: (row: Row) => number, item: (row: Row) => Item) {
  const shown = rows.slice(0, limit)
  const last = rows.length > limit ? shown.at(-1) : undefined
  return { items: shown.map(item), next_cursor: last ? encodeCursor([key(last)]) : null }
}
