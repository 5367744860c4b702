import type { Frame } from './profile.ts'

const WIDTH = 1_200
const ROW = 17
/** Deeper calls are drawn as a part of their callers. */
const MOST_ROWS = 45
/** What is narrower is left out, in pixels; what is narrower than a few letters has no text. */
const NARROW = 1.5
const LETTER = 6.2
const COLOURS = { ours: '#e8853d', packages: '#e3b23c', node: '#7aa6c2', other: '#b9b9b9' }

/** A flame graph as SVG: a row for each call, the caller below, as wide as its share of the time; names on hovering. */
export function flameGraph(root: Frame): string {
  const boxes: string[] = []
  let deepest = 0
  const draw = (frame: Frame, x: number, depth: number) => {
    const width = (WIDTH * frame.time) / root.time
    if (width < NARROW || depth === MOST_ROWS) return
    deepest = Math.max(deepest, depth)
    boxes.push(box(frame, x, depth, width, frame.time / root.time))
    let left = x
    for (const child of [...frame.children.values()].sort((a, b) => b.time - a.time)) {
      draw(child, left, depth + 1)
      left += (WIDTH * child.time) / root.time
    }
  }
  draw(root, 0, 0)
  const height = (deepest + 1) * ROW
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="monospace" font-size="10">\n` +
    `<title>Where the time goes: a row for each call, the caller below</title>\n` +
    `<rect width="100%" height="100%" fill="#fff"/>\n<g transform="translate(0 ${height})">\n${boxes.join('\n')}\n</g>\n</svg>\n`
  )
}

function box({ name }: Frame, x: number, depth: number, width: number, share: number): string {
  const y = -(depth + 1) * ROW
  const text = escaped(name.slice(0, Math.max(0, Math.floor((width - 4) / LETTER))))
  const label = text.length > 2 ? `<text x="${(x + 2).toFixed(1)}" y="${y + 12}">${text}</text>` : ''
  const title = `<title>${escaped(name)}: ${(100 * share).toFixed(1)} %</title>`
  return `<g>${title}<rect x="${x.toFixed(1)}" y="${y}" width="${(width - 0.5).toFixed(1)}" height="${ROW - 1}" fill="${colourOf(name)}"/>${label}</g>`
}

function colourOf(name: string): string {
  if (/ src\//.test(name)) return COLOURS.ours
  if (/ node:/.test(name)) return COLOURS.node
  return / [@a-z]/.test(name) ? COLOURS.packages : COLOURS.other
}

const escaped = (text: string) => text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`)
