import { type Row, ratioOf, TARGETS } from './report.ts'

const LABEL = 130
const WIDTH = 420
const LINE = 26

/** Each workload as a bar beside its limit, which is the full width; a stroke where it is to be. */
export function chart(rows: Row[]): string {
  const shown = rows.filter((row) => ratioOf(row) !== undefined)
  const scale = WIDTH / Math.max(1, ...shown.map((row) => ratioOf(row) ?? 0))
  const bars = shown.map((row, i) => bar(row, i * LINE, scale))
  const [width, height] = [LABEL + WIDTH + 60, shown.length * LINE + 30]
  const limit = LABEL + scale
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="13">
<title>Each workload as a share of what the machine can do at most</title>
<rect width="100%" height="100%" fill="#fff"/>
${bars.join('\n')}
<path d="M${limit} 0V${height - 22}" stroke="#333" stroke-dasharray="3 3"/>
<text x="${limit}" y="${height - 8}" text-anchor="middle" fill="#333">the machine's limit</text>
</svg>
`
}

function bar(row: Row, y: number, scale: number): string {
  const ratio = ratioOf(row) ?? 0
  const length = Math.round(ratio * scale)
  const target = TARGETS[row.name]
  const at = LABEL + (target ?? 0) * scale
  return [
    `<text x="${LABEL - 8}" y="${y + 17}" text-anchor="end" fill="#333">${row.name}</text>`,
    `<rect x="${LABEL}" y="${y + 5}" width="${length}" height="16" fill="#4878a8"/>`,
    `<text x="${LABEL + length + 6}" y="${y + 17}" fill="#333">${Math.round(ratio * 100)} %</text>`,
    ...(target ? [`<path d="M${at} ${y + 2}V${y + 24}" stroke="#c33" stroke-width="2"/>`] : []),
  ].join('\n')
}
