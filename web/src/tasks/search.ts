import type { paths } from '../api/schema.d.ts'

type ListQuery = NonNullable<paths['/api/v1/tasks']['get']['parameters']['query']>

/** The filter as it stands in the address of the page: the parameters of `GET /api/v1/tasks`, as texts. */
const NAMES = [
  'q',
  'status',
  'priority',
  'assigned_user',
  'project_id',
  'label',
  'label_any',
  'created_from',
  'created_to',
  'updated_from',
  'updated_to',
  'due_from',
  'due_to',
  'sort',
  'as_of',
] as const satisfies (keyof ListQuery)[]

export type TaskSearch = Partial<Record<(typeof NAMES)[number], string>> & {
  /** The task that is open in the drawer; `new` for one that is being made. */
  task?: string
}

/** Keeps what the page knows. What it does not understand is not passed on, as the server would refuse it. */
export function readTaskSearch(search: Record<string, unknown>): TaskSearch {
  const names = [...NAMES, 'task'] as const
  return Object.fromEntries(
    names.flatMap((name) => (typeof search[name] === 'string' && search[name] ? [[name, search[name]]] : [])),
  )
}

/** What is asked of the server: the filter, without what is the page's own. */
export function listQuery({ task: _, ...filter }: TaskSearch): ListQuery {
  const { project_id, ...texts } = filter
  return { ...texts, ...(project_id ? { project_id: Number(project_id) } : {}) } as ListQuery
}

/** The statuses of tasks that are still to be done, as a filter. */
export const OPEN = 'pending,active,inactive'

/** What Clear leaves of the filter: what does not narrow it. */
export const NO_FILTER: TaskSearch = Object.fromEntries(
  NAMES.filter((name) => name !== 'sort' && name !== 'as_of').map((name) => [name, undefined]),
)

/** Whether anything narrows the list. */
export const isFiltered = ({ sort: _sort, as_of: _asOf, task: _task, ...filter }: TaskSearch) =>
  Object.values(filter).some(Boolean)
