import { signedRequest } from '../api/client.ts'
import { recordReader } from './csv-records.ts'

/**
 * The first of the rows that could not be taken, by line, cell by cell; before the cells stands what is wrong with the row.
 * They come as the file that can be downloaded, of which no more is read than that.
 */
export async function readRejected(id: string, most: number, signal: AbortSignal): Promise<string[][]> {
  const { body } = await signedRequest(`/api/v1/imports/${id}/rejected.csv`, { signal })
  const reader = (body as NonNullable<typeof body>).pipeThrough(new TextDecoderStream()).getReader()
  const { rows, push } = recordReader('error', most + 1)
  for (let part = await reader.read(); !part.done && rows.length <= most; part = await reader.read()) push(part.value)
  await reader.cancel()
  return rows.slice(1)
}
