import type { Task } from '../api/client.ts'
import { formatDay } from '../app/format.ts'

/** The fields of a task that people change, with their words; the same in forms, columns, conflicts and history. */
export const STATUSES = ['pending', 'active', 'inactive', 'completed', 'cancelled'] as const
export const PRIORITIES = ['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'] as const

export type Status = (typeof STATUSES)[number]
export type Priority = (typeof PRIORITIES)[number]

export const FIELD_LABELS = {
  title: 'Title',
  description: 'Description',
  status: 'Status',
  priority: 'Priority',
  labels: 'Labels',
  due_date: 'Due',
  assigned_user: 'Assigned to',
  project_id: 'Project',
  external_id: 'External id',
} as const

export type Field = keyof typeof FIELD_LABELS
export const FIELDS = Object.keys(FIELD_LABELS) as Field[]

/** What can be written of a task. */
export type TaskValues = Pick<Task, Field>

export const capitalized = (word: string) => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase()
export const options = (words: readonly string[]) => words.map((value) => ({ value, label: capitalized(value) }))

export const isSame = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)

/** The fields in which two states of a task differ. */
export const differences = (a: TaskValues, b: TaskValues): Field[] =>
  FIELDS.filter((field) => !isSame(sorted(a[field]), sorted(b[field])))

const sorted = (value: unknown) => (Array.isArray(value) ? value.toSorted() : value)

/** A value in words. @param projectName says what a project is called */
export function valueText(field: Field, value: unknown, projectName: (id: number) => string = String): string {
  if (value === null || value === undefined || value === '') return 'none'
  if (Array.isArray(value)) return value.length > 0 ? value.join(', ') : 'none'
  if (field === 'due_date') return formatDay(String(value))
  if (field === 'project_id') return projectName(Number(value))
  return field === 'status' || field === 'priority' ? capitalized(String(value)) : String(value)
}
