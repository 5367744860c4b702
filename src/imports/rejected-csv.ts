import type { Actor } from '../auth/index.ts'
import type { Context } from '../platform/context.ts'
import { inQuotes, quotedCell } from './csv-cells.ts'
import { type ImportRow, listRejects } from './queries.ts'

const AT_ONCE = 500

/**
 * The rejected rows, after a header that an import takes: the column `error` comes first, since a row of the wrong shape
 * may have any number of cells behind it. Streamed page by page.
 */
export async function* rejectedCsv(ctx: Context, actor: Actor, row: ImportRow): AsyncGenerator<string> {
  const { delimiter } = row
  const line = (error: string, rest: string) => `${quotedCell(error, delimiter)}${delimiter}${rest}\r\n`
  let text = line('error', row.columns.map(({ name }) => quotedCell(name, delimiter)).join(delimiter))
  for (let afterLine = 0; ; ) {
    const rejects = await listRejects(ctx.db, actor, row.id, { afterLine, limit: AT_ONCE })
    // What is left of a record that is too long must not go in, cut, when it is sent again: all of it in one cell cannot.
    text += rejects.map((row) => line(row.error, row.is_cut ? inQuotes(row.record) : row.record)).join('')
    // Not before the first look: what goes wrong until then is answered as an error.
    yield text
    const last = rejects.at(-1)
    if (!last || rejects.length < AT_ONCE) return
    afterLine = last.line
    text = ''
  }
}
