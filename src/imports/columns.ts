import { invalidColumns, invalidHeader } from './errors.ts'

export type Field =
  | 'title'
  | 'description'
  | 'status'
  | 'priority'
  | 'created_at'
  | 'due_date'
  | 'labels'
  | 'assigned_user'
  | 'external_id'

/** The order of the parts of a date that is not ISO 8601. */
export type DateFormat = 'MDY' | 'DMY' | 'YMD'

/** A column of the file; those of an import stand in the order of the file. */
export interface ImportColumn {
  /** The cell of the header, as in the file. */
  name: string
  /** null: the column is left out. */
  field: Field | null
  /** null: no date, or to be told from the column's cells. */
  format: DateFormat | null
}

export interface ColumnOptions {
  /** `original`: the six columns of `POST /upload-csv` and no other. */
  profile: 'original' | 'any'
  /** Column of the file to field, or to null to leave it out; goes before the names that are known. */
  mapping?: Record<string, string | null>
  /** Of all dates, or of each column of dates by itself. */
  dateFormat?: DateFormat | Partial<Record<'created_at' | 'due_date', DateFormat>>
}

/** The columns of the original contract. */
const COLUMNS = {
  task_name: 'title',
  description: 'description',
  status: 'status',
  priority: 'priority',
  created_at: 'created_at',
  assigned_user: 'assigned_user',
} as const

/** What the columns of other files are called, as `comparable` has it. */
const NAMES: Record<Field, string[]> = {
  title: ['title', 'task name', 'name', 'summary', 'subject', 'task'],
  description: ['description', 'details', 'notes', 'body'],
  status: ['status', 'state'],
  priority: ['priority', 'prio', 'severity'],
  created_at: ['created at', 'created', 'created on', 'date created', 'creation date'],
  due_date: ['due date', 'due', 'due on', 'deadline'],
  labels: ['labels', 'label', 'tags', 'tag'],
  assigned_user: ['assigned user', 'assigned to', 'assignee', 'owner', 'user', 'username'],
  external_id: ['external id', 'external key', 'key', 'issue key', 'ref', 'reference'],
}

/** Columns of our own exports and of rejected.csv that no import can set. */
const LEFT_OUT = ['id', 'project id', 'created by', 'updated at', 'version', 'import id', 'error']

export const FIELDS = Object.keys(NAMES) as Field[]
const KNOWN = new Map<string, Field | null>([
  ...FIELDS.flatMap((field) => NAMES[field].map((name) => [name, field] as const)),
  ...LEFT_OUT.map((name) => [name, null] as const),
])
const MOST_COLUMNS = 200
const LONGEST_NAME = 200
const MOST_NAMED = 20

/**
 * Reads the header: which field each column of the file goes to.
 *
 * @throws AppError INVALID_CSV_HEADER (422) naming what is missing, unknown or doubled
 */
export function mapColumns(header: string[], options: ColumnOptions): ImportColumn[] {
  return options.profile === 'original' ? mapOriginal(header) : mapAny(header, options)
}

/** What a column of this name is taken for: null to be left out, undefined when that must be told. */
export const proposedField = (name: string): Field | null | undefined =>
  name.trim() === '' ? null : KNOWN.get(comparable(name))

/** Whether a header cell means something: what tells the delimiter. */
export function knowsColumn(mapping: ColumnOptions['mapping'] = {}): (name: string) => boolean {
  const mapped = new Set(Object.keys(mapping).map(comparable))
  return (name) => mapped.has(comparable(name)) || KNOWN.has(comparable(name))
}

function mapOriginal(header: string[]): ImportColumn[] {
  const known = Object.keys(COLUMNS)
  const names = header.map(originalName)
  if (!names.includes('task_name')) {
    const missing = known.filter((name) => !names.includes(name))
    throw invalidHeader(`The header lacks ${missing.join(', ')}.`, known)
  }
  const unknown = header.filter((_, i) => !known.includes(names[i] ?? ''))
  if (unknown.length > 0) throw invalidHeader(`The header has unknown columns: ${quoted(unknown)}.`, known)
  const doubled = names.filter((name, i) => names.indexOf(name) !== i)
  if (doubled.length > 0) throw invalidHeader(`The header names a column twice: ${quoted(doubled)}.`, known)
  return header.map((name, i) => column(name, COLUMNS[names[i] as keyof typeof COLUMNS], 'MDY'))
}

/** @throws AppError INVALID_CSV_HEADER (422) */
export function refuseManyColumns(header: string[]): void {
  if (header.length <= MOST_COLUMNS) return
  throw invalidColumns(`The header has ${header.length} columns, more than the ${MOST_COLUMNS} allowed.`)
}

function mapAny(header: string[], { mapping = {}, dateFormat }: ColumnOptions): ImportColumn[] {
  refuseManyColumns(header)
  const long = header.find((name) => [...name].length > LONGEST_NAME)
  if (long) throw invalidColumns(`The header has a cell of more than ${LONGEST_NAME} characters: ${quoted([long])}.`)
  const fields = fieldsOf(header, mapping)
  refuseDoubled(header, fields)
  if (!fields.includes('title')) {
    throw invalidColumns('The header has no column for title.', `It may be called ${NAMES.title.join(', ')}. ${MAP_IT}`)
  }
  if (typeof dateFormat === 'object') refuseUndated(Object.keys(dateFormat), fields)
  const format = dateFormat ?? (isOriginal(header) ? { created_at: 'MDY' as const } : {})
  return header.map((name, i) => {
    const field = fields[i] ?? null
    return column(name, field, typeof format === 'string' ? format : format[field as 'created_at' | 'due_date'])
  })
}

const MAP_IT = `Give mapping, such as {"Column of the file": "title", "Another one": null}; null leaves a column out. \
The fields are ${FIELDS.join(', ')}.`

function column(name: string, field: Field | null, format: DateFormat | undefined): ImportColumn {
  const isDate = field === 'created_at' || field === 'due_date'
  return { name, field, format: isDate ? (format ?? null) : null }
}

function fieldsOf(header: string[], mapping: Record<string, string | null>): (Field | null)[] {
  const told = toldFields(header, mapping)
  // A spreadsheet writes cells without a name where rows are longer than the header was.
  const unknown = header.filter(
    (name, i) => told[i] === undefined && name.trim() !== '' && !KNOWN.has(comparable(name)),
  )
  if (unknown.length > 0) throw invalidColumns(`The header has unknown columns: ${quoted(unknown)}.`, MAP_IT)
  return header.map((name, i) => told[i] ?? (told[i] === null ? null : (KNOWN.get(comparable(name)) ?? null)))
}

/** What the mapping says of each column: a field, null to leave it out, undefined for nothing. */
function toldFields(header: string[], mapping: Record<string, string | null>): (Field | null | undefined)[] {
  const entries = Object.entries(mapping)
  const nowhere = entries.filter(([, field]) => field !== null && !isField(field)).map(([, field]) => String(field))
  if (nowhere.length > 0) throw invalidColumns(`The mapping names unknown fields: ${quoted(nowhere)}.`, MAP_IT)
  const used = new Set<string>()
  const told = header.map((cell) => {
    const entry =
      entries.find(([name]) => name === cell) ?? entries.find(([name]) => comparable(name) === comparable(cell))
    if (entry) used.add(entry[0])
    return entry?.[1] as Field | null | undefined
  })
  const absent = entries.map(([name]) => name).filter((name) => !used.has(name))
  if (absent.length > 0) {
    const has = `The header has ${quoted(header)}.`
    throw invalidColumns(`The mapping names columns that the file does not have: ${quoted(absent)}.`, has)
  }
  return told
}

function refuseDoubled(header: string[], fields: (Field | null)[]): void {
  for (const field of FIELDS) {
    const names = header.filter((_, i) => fields[i] === field)
    if (names.length < 2) continue
    throw invalidColumns(`The header has several columns for ${field}: ${quoted(names)}.`, `Keep one. ${MAP_IT}`)
  }
}

function refuseUndated(dated: string[], fields: (Field | null)[]): void {
  const absent = dated.filter((field) => !fields.some((present) => present === field))
  if (absent.length === 0) return
  throw invalidColumns(`date_format names ${absent.join(' and ')}, but the header has no column for it.`)
}

/** Its dates are month/day/year: that is the contract such files were made for. */
function isOriginal(header: string[]): boolean {
  const names = header.map(originalName).filter((name) => name !== '')
  return names.includes('task_name') && names.every((name) => Object.hasOwn(COLUMNS, name))
}

const isField = (name: string): name is Field => FIELDS.some((field) => field === name)
const originalName = (name: string) => name.trim().toLowerCase()

/** "Due-Date", "due_date" and " due date" are one name. */
function comparable(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replace(/[\s_-]+/g, ' ')
}

/** For a sentence: as many names as one can read. */
export function quoted(names: string[]): string {
  const shown = names.slice(0, MOST_NAMED).map((name) => JSON.stringify(name.slice(0, 100)))
  return shown.join(', ') + (names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : '')
}
