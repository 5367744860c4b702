/** Reads RFC 4180 and nothing else: an independent opinion of what is in a file. Throws where a line end is no CRLF. */
export function readCsv(text: string): string[][] {
  const rows: string[][] = []
  let cells: string[] = []
  for (let at = 0; at < text.length; ) {
    const [cell, end] = text[at] === '"' ? quotedCell(text, at) : plainCell(text, at)
    cells.push(cell)
    if (text[end] === ',') at = end + 1
    else if (text.startsWith('\r\n', end)) {
      rows.push(cells)
      cells = []
      at = end + 2
    } else throw new Error(`neither comma nor CRLF at ${end}: ${JSON.stringify(text.slice(at, end + 10))}`)
  }
  if (cells.length > 0) throw new Error('the last line does not end')
  return rows
}

function plainCell(text: string, at: number): [cell: string, end: number] {
  const length = text.slice(at).search(/[",\r\n]/)
  const end = length < 0 ? text.length : at + length
  return [text.slice(at, end), end]
}

function quotedCell(text: string, at: number): [cell: string, end: number] {
  let end = text.indexOf('"', at + 1)
  while (text[end + 1] === '"') end = text.indexOf('"', end + 2)
  if (end < 0) throw new Error(`no closing quote after ${at}`)
  return [text.slice(at + 1, end).replaceAll('""', '"'), end + 1]
}
