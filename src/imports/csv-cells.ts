/** The cells of a record that is known to be well-formed. */
export function cellsOf(record: string, delimiter: string): string[] {
  const cells: string[] = []
  for (let at = 0; at <= record.length; at++) {
    const quoted = record[at] === '"'
    const next = record.indexOf(delimiter, at)
    const end = quoted ? endOfQuoted(record, at) : next < 0 ? record.length : next
    cells.push(quoted ? record.slice(at + 1, end - 1).replaceAll('""', '"') : record.slice(at, end))
    at = end
  }
  return cells
}

/** A cell as it stands in a record. */
export function quotedCell(cell: string, delimiter: string): string {
  return cell.includes(delimiter) || /["\r\n]/.test(cell) ? inQuotes(cell) : cell
}

export const inQuotes = (cell: string) => `"${cell.replaceAll('"', '""')}"`

function endOfQuoted(record: string, at: number): number {
  let quote = record.indexOf('"', at + 1)
  while (record[quote + 1] === '"') quote = record.indexOf('"', quote + 2)
  return quote + 1
}
