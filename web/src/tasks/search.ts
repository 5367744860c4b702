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

/** Undefined in place of what the page does not understand: the router would leave it in the address. */
export function readTaskSearch(search: Record<string, unknown>): TaskSearch {
  const names = [...NAMES, 'task'] as const
  return Object.fromEntries(names.map((name) => [name, readText(name, search[name])]))
}

function readText(name: string, value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined
  return IS_TIME.test(name) && !isTime(value) ? undefined : value
}

const IS_TIME = /^as_of$|_(from|to)$/

/** A day or an instant. */
const isTime = (text: string) => /^\d{4}-\d{2}-\d{2}(T.*)?$/.test(text) && !Number.isNaN(Date.parse(text))

/** What is asked of the server: the filter, without what is the page's own or nobody's. */
export function listQuery(search: TaskSearch): ListQuery {
  const texts = NAMES.flatMap((name) => (search[name] ? [[name, search[name]] as const] : []))
  return Object.fromEntries(
    texts.map(([name, text]) => [name, name === 'project_id' ? Number(text) : text]),
  ) as ListQuery
}

/** The statuses of tasks that are still to be done, as a filter. */
export const OPEN = 'pending,active,inactive'

/** What Clear leaves of the filter: what does not narrow it. */
export const NO_FILTER: TaskSearch = Object.fromEntries(
  NAMES.filter((name) => name !== 'sort' && name !== 'as_of').map((name) => [name, undefined]),
)

/** Whether anything narrows the list. */
export const isFiltered = (search: TaskSearch) =>
  NAMES.some((name) => name !== 'sort' && name !== 'as_of' && search[name])
