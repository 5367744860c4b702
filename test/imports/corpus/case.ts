import { readFileSync } from 'node:fs'
import path from 'node:path'

/** A file, and what must come of it. Whatever is not said is as with a plain upload into an empty project. */
export interface Case {
  name: string
  file: string | Buffer
  /** Parameters of `POST /api/v1/imports`. */
  query?: Record<string, string>
  /** Sent to `POST /upload-csv` in place of `/api/v1/imports`. */
  original?: true
  /** Imported into the same project before. */
  earlier?: string
  /** Of the tasks of `earlier`, by external_id: moved to the trash before the file comes. */
  trashed?: string[]
  expect: Taken | Refused
  /** Why the product does not do this yet. */
  todo?: string
}

/** The file as a whole is refused, and nothing of it is kept. */
export interface Refused {
  status: number
  code: string
  /** Of INVALID_CSV. */
  reason?: string
  line?: number
  byte?: number
  says?: RegExp
}

export type Counts = [rows: number, created: number, updated: number, unchanged: number, rejected: number]
export type CellError = [line: number, column: string | null, code: string]

export interface Taken {
  state: 'done' | 'ready' | 'failed'
  counts: Counts
  /** All of them, by line and column. */
  errors: CellError[]
  /** The living tasks of the project, in any order, with the fields that matter. */
  tasks?: ExpectedTask[]
  /** For each column of the file that is taken: the field, and the order of its dates if there is one. */
  columns?: string[]
  failure?: string
}

export interface ExpectedTask {
  title: string
  description?: string
  status?: string
  priority?: string
  labels?: string[]
  due_date?: string | null
  assigned_user?: string | null
  external_id?: string | null
  /** Without the fraction of a second when it is zero. */
  created_at?: string
}

type More = Omit<Partial<Taken>, 'counts' | 'state'>

/** Every row becomes a task. */
export const allNew = (tasks: ExpectedTask[], more: More = {}): Taken =>
  done([tasks.length, tasks.length, 0, 0, 0], { tasks, ...more })

/** The same for so many rows that nobody wants to see them one by one. */
export const created = (count: number, more: More = {}): Taken => done([count, count, 0, 0, 0], more)

export const done = (counts: Counts, more: More = {}): Taken => ({ state: 'done', counts, errors: [], ...more })

/** Some rows become tasks, the others are rejected. */
export const partly = (tasks: ExpectedTask[], errors: CellError[], more: More = {}): Taken => {
  const rejected = new Set(errors.map(([line]) => line)).size
  return done([tasks.length + rejected, tasks.length, 0, 0, rejected], { tasks, errors, ...more })
}

/** Of a dry run: the plan. */
export const ready = (counts: Counts, more: More = {}): Taken => ({ state: 'ready', counts, errors: [], ...more })

/** Nothing is written. */
export const failed = (failure: string, counts: Counts, more: More = {}): Taken => ({
  state: 'failed',
  failure,
  counts,
  errors: [],
  ...more,
})

export const unreadable = (reason: string, more: Partial<Refused> = {}): Refused => ({
  status: 422,
  code: 'INVALID_CSV',
  reason,
  ...more,
})

export const badHeader = (says: RegExp): Refused => ({ status: 422, code: 'INVALID_CSV_HEADER', says })

export const badParameter = (says: RegExp): Refused => ({ status: 400, code: 'INVALID_REQUEST', says })

/** The titles alone. */
export const titles = (...names: string[]): ExpectedTask[] => names.map((title) => ({ title }))

export const map = (mapping: Record<string, string | null>) => ({ mapping: JSON.stringify(mapping) })

/** A file in the form some program writes, byte for byte. */
export const onDisk = (name: string): Buffer => readFileSync(path.join(import.meta.dirname, 'files', name))

export const utf16le = (text: string): Buffer => Buffer.from(text, 'utf16le')
export const utf16be = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16()
export const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1')

/** Text with raw bytes in between. */
export const bytes = (...parts: (string | number[])[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))))
