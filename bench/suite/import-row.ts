import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import type { Row } from './report.ts'

/** bench/import.ts as a process of its own, in rows a second. */
export async function importRow(rows: number, rounds: number): Promise<Row> {
  const file = path.join(import.meta.dirname, '../import.ts')
  const args = [file, '--rows', String(rows), '--rounds', String(rounds), '--json']
  const { stdout } = await promisify(execFile)(process.execPath, args)
  const { copy, imported } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { copy: number; imported: number }
  return {
    name: 'import',
    perSecond: Math.round(rows / imported),
    limit: { name: '`psql \\copy`, same rows', perSecond: Math.round(rows / copy) },
  }
}
