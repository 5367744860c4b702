import { signedRequest } from '../api/client.ts'

const HEADER = 'error'

/**
 * The first of the rows that could not be taken, by line, cell by cell; before the cells stands what is wrong with the row.
 * They come as the file that can be downloaded, of which no more is read than that.
 */
export async function readRejected(id: string, most: number, signal: AbortSignal): Promise<string[][]> {
  const { body } = await signedRequest(`/api/v1/imports/${id}/rejected.csv`, { signal })
  const reader = (body as NonNullable<typeof body>).pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  let rows: string[][] = []
  for (let part = await reader.read(); !part.done && rows.length <= most; part = await reader.read()) {
    text += part.value
    rows = parseCsv(text, text[HEADER.length] ?? ',', most + 1)
  }
  await reader.cancel()
  return rows.slice(1)
}

/** The whole records of a CSV text (RFC 4180, with any delimiter and any end of line). */
function parseCsv(text: string, delimiter: string, most: number): string[][] {
  const records: string[][] = []
  let record: string[] = []
  let cell = ''
  let isQuoted = false
  for (let at = 0; at < text.length && records.length < most; at++) {
    const character = text.charAt(at)
    if (isQuoted && character === '"' && text[at + 1] === '"') cell += text.charAt(at++)
    else if (character === '"' && (isQuoted || cell === '')) isQuoted = !isQuoted
    else if (isQuoted || (character !== delimiter && character !== '\n')) cell += character
    else {
      record.push(character === '\n' ? cell.replace(/\r$/, '') : cell)
      cell = ''
      if (character === delimiter) continue
      records.push(record)
      record = []
    }
  }
  return records
}
