import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import type { Row } from './report.ts'

/**
 * bench/import.ts as a process of its own, in rows a second.
 *
 * @param pg `15` for the system's PostgreSQL
 */
export async function importRow(rows: number, rounds: number, pg: string | undefined): Promise<Row> {
  const file = path.join(import.meta.dirname, '../import.ts')
  const args = [file, '--rows', String(rows), '--rounds', String(rounds), '--json', ...(pg ? [`--pg=${pg}`] : [])]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  const { copy, imported } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { copy?: number; imported: number }
  const row: Row = { name: 'import', perSecond: Math.round(rows / imported) }
  if (copy) row.limit = { name: '`psql \\copy`, same rows', perSecond: Math.round(rows / copy) }
  return row
}
