import { invalidHeader } from './errors.ts'

/** Column of the file to column of the staging table. */
const COLUMNS = {
  task_name: 'title',
  description: 'description',
  status: 'status',
  priority: 'priority',
  created_at: 'created_at',
  assigned_user: 'assigned_user',
} as const

export const STAGING_COLUMNS = Object.values(COLUMNS)

/**
 * Reads the header: which staging column each cell of a record goes to.
 *
 * @throws AppError INVALID_CSV_HEADER (422) naming what is missing, unknown or doubled
 */
export function mapHeader(header: string[]): string[] {
  const known = Object.keys(COLUMNS)
  const names = header.map((name) => name.trim().toLowerCase())
  if (!names.includes('task_name')) {
    const missing = known.filter((name) => !names.includes(name))
    throw invalidHeader(`The header lacks ${missing.join(', ')}.`, known)
  }
  const unknown = header.filter((_, i) => !known.includes(names[i] ?? ''))
  if (unknown.length > 0) throw invalidHeader(`The header has unknown columns: ${quoted(unknown)}.`, known)
  const doubled = names.filter((name, i) => names.indexOf(name) !== i)
  if (doubled.length > 0) throw invalidHeader(`The header names a column twice: ${quoted(doubled)}.`, known)
  return names.map((name) => COLUMNS[name as keyof typeof COLUMNS])
}

const quoted = (names: string[]) => names.map((name) => JSON.stringify(name.slice(0, 100))).join(', ')
