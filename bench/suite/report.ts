import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import path from 'node:path'
import { chart } from './chart.ts'

export interface Row {
  name: string
  /** Requests answered a second, or rows of an import; medians. */
  perSecond: number
  /** Milliseconds, at that rate. */
  latency?: { p50: number; p99: number }
  limit?: { name: string; perSecond: number }
}

/** Latency at a rate that is kept whatever the answers take. */
export interface FixedRate {
  perSecond: number
  p50: number
  p99: number
  max: number
}

export interface Report {
  /** What was measured, on what. */
  title: string
  rows: Row[]
  fixed: FixedRate | undefined
}

/** The least share of its limit that a workload is to reach. */
export const TARGETS: Record<string, number> = {
  'cached list': 0.7,
  'uncached list': 0.45,
  'one task': 0.45,
  create: 0.45,
}
const TARGET_P99_MS = 20

const BEGIN = '<!-- written by `npm run bench` -->'
const END = '<!-- end -->'

export const ratioOf = ({ perSecond, limit }: Row) => limit && perSecond / limit.perSecond

/** Renews the table in performance.md, of which the rest is written by people, and the chart beside it. */
export async function writeReport(folder: string, report: Report): Promise<void> {
  const file = path.join(folder, 'performance.md')
  const before = await readFile(file, 'utf8').catch(() => `# Performance\n\n${BEGIN}\n${END}\n`)
  const [head, tail] = [before.split(BEGIN)[0], before.split(END)[1]]
  if (head === undefined || tail === undefined) throw new Error(`${file} does not say where the table stands`)
  await mkdir(folder, { recursive: true })
  await writeFile(file, `${head}${BEGIN}\n${tableOf(report)}\n${END}${tail}`)
  await writeFile(path.join(folder, 'performance.svg'), chart(report.rows))
}

export function tableOf({ title, rows, fixed }: Report): string {
  const lines = rows.map((row) => {
    const { name, perSecond, latency, limit } = row
    const ratio = ratioOf(row)
    const target = TARGETS[name]
    const times = latency ? `${latency.p50}, ${latency.p99}` : ''
    const cells = [name, number(perSecond), times, limit?.name ?? '', limit ? number(limit.perSecond) : '']
    return [...cells, ratio ? percent(ratio) : '', target ? percent(target) : ''].join(' | ')
  })
  const table = [
    '| workload | a second | p50, p99 (ms) | limit | its rate | share of it | to reach |',
    '|---|---|---|---|---|---|---|',
    ...lines.map((line) => `| ${line} |`),
  ]
  const latency = fixed && [
    '',
    `The mixed load at half of its rate, ${number(fixed.perSecond)} requests a second, each sent at its time and counted from it: ` +
      `p50 ${fixed.p50} ms, p99 **${fixed.p99} ms** (to reach: ${TARGET_P99_MS}), longest ${fixed.max} ms.`,
  ]
  return [title, '', ...table, ...(latency ?? [])].join('\n')
}

export function machine(): string {
  return `${cpus().length} cores (${cpus()[0]?.model.trim()}), Node ${process.versions.node}`
}

const number = (value: number) => value.toLocaleString('en')
const percent = (ratio: number) => `${Math.round(ratio * 100)} %`
