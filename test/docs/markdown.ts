import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

export const ROOT = path.resolve(import.meta.dirname, '../..')

export interface Fence {
  language: string
  text: string
  /** Where it begins in the file; the first line is 1. */
  line: number
}

const SKIPPED = new Set(['node_modules', '.git', 'data', '.reports'])

/** Every Markdown file of the project, from its root. */
export function listPapers(folder = ''): string[] {
  return readdirSync(path.join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = path.posix.join(folder, entry.name)
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : listPapers(file)
    return entry.name.endsWith('.md') ? [file] : []
  })
}

export function read(file: string): string {
  return readFileSync(path.join(ROOT, file), 'utf8')
}

/** The fenced blocks, in order. */
export function fencesOf(text: string): Fence[] {
  const fences: Fence[] = []
  let open: Fence | undefined
  for (const [index, line] of text.split('\n').entries()) {
    const mark = /^ *```(\w*)/.exec(line)
    if (mark && open) open = void fences.push(open)
    else if (mark) open = { language: mark[1] ?? '', text: '', line: index + 1 }
    else if (open) open.text += `${line}\n`
  }
  return fences
}

/** The text without what stands in fences. */
export function proseOf(text: string): string {
  return text.replace(/^ *```[\s\S]*?^ *```$/gm, '')
}

/** Rows of every table, header and ruler left out, as cells. */
export function tableRows(text: string): string[][] {
  const rows = proseOf(text).split('\n')
  return rows
    .filter((line, i) => /^\|/.test(line) && !/^\|[ :|-]+\|$/.test(line) && !/^\|[ :|-]+\|$/.test(rows[i + 1] ?? ''))
    .map((line) =>
      line
        .slice(1, line.lastIndexOf('|'))
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim()),
    )
}

/** How GitHub names the anchors of headings. */
export function anchorsOf(text: string): string[] {
  return [...proseOf(text).matchAll(/^#+ +(.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}
