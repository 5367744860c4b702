import type { Static } from 'typebox'
import { dayOrInstant, requireDay } from '../platform/dates.ts'
import { invalidField } from '../platform/errors.ts'
import type { TaskFilter } from './filter-queries.ts'
import { PRIORITIES, STATUSES, type TaskFilterQuery } from './schemas.ts'

type FilterQuery = Static<typeof TaskFilterQuery>

/**
 * The list's query parameters that narrow it.
 *
 * @throws AppError INVALID_REQUEST (400) naming the parameter
 */
export function readFilter(query: FilterQuery): TaskFilter {
  const { assigned_user } = query
  const time = (name: 'created_from' | 'created_to' | 'updated_from' | 'updated_to') => {
    const text = query[name]
    return text === undefined ? undefined : dayOrInstant(name, text)
  }
  return {
    status: readList('status', query.status, STATUSES),
    priority: readList('priority', query.priority, PRIORITIES),
    assignedToMe: assigned_user === 'me',
    assignedUser: assigned_user === 'none' ? null : assigned_user === 'me' ? undefined : assigned_user,
    projectId: query.project_id,
    labels: readLabels('label', query.label),
    anyLabel: readLabels('label_any', query.label_any),
    createdFrom: time('created_from'),
    createdTo: time('created_to'),
    updatedFrom: time('updated_from'),
    updatedTo: time('updated_to'),
    dueFrom: query.due_from === undefined ? undefined : requireDay('due_from', query.due_from),
    dueTo: query.due_to === undefined ? undefined : requireDay('due_to', query.due_to),
    text: query.q,
  }
}

function readList(name: string, text: string | undefined, allowed: readonly string[]): string[] | undefined {
  if (text === undefined) return undefined
  const items = readItems(text)
  if (!items.every((item) => allowed.includes(item))) {
    throw invalidField('query', name, `must be one or more of ${allowed.join(', ')}, separated by commas`)
  }
  return items
}

function readLabels(name: string, text: string | undefined): string[] | undefined {
  if (text === undefined) return undefined
  const items = readItems(text)
  if (items.includes('')) throw invalidField('query', name, 'must be one or more labels, separated by commas')
  return items
}

/** A set: order means nothing, and what is given twice counts once. */
const readItems = (text: string) => [...new Set(text.split(',').map((item) => item.trim()))].sort()
