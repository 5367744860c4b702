/**
 * Reads the whole records of a CSV text (RFC 4180, with any end of line) as it comes, each character once: a row may have a
 * megabyte.
 *
 * @param first the text of the first cell: the delimiter is what stands behind it
 * @param most what comes after as many records is left
 */
export function recordReader(first: string, most: number): { rows: string[][]; push: (text: string) => void } {
  const rows: string[][] = []
  let record: string[] = []
  let cell = ''
  let delimiter: string | undefined
  let isQuoted = false
  /** The character before was a quote within a quoted cell: its end, or the first of two that stand for one. */
  let afterQuote = false

  const endCell = (text: string) => {
    record.push(text)
    cell = ''
  }
  const endRecord = () => {
    endCell(cell.replace(/\r$/, ''))
    rows.push(record)
    record = []
  }
  const takeQuote = () => {
    if (afterQuote) cell += '"'
    afterQuote = isQuoted
    isQuoted = !isQuoted
  }
  const take = (character: string) => {
    if (character === '"' && (isQuoted || afterQuote || cell === '')) return takeQuote()
    if (!isQuoted) afterQuote = false
    if (!isQuoted && character === delimiter) endCell(cell)
    else if (!isQuoted && character === '\n') endRecord()
    else cell += character
  }
  return {
    rows,
    push(text) {
      for (const character of text) {
        if (rows.length >= most) return
        if (delimiter === undefined && cell === first) delimiter = character
        take(character)
      }
    },
  }
}
