import { type InfiniteData, keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { api, data, type Task } from '../api/client.ts'
import { FRESH_MS, queryClient } from '../app/query-client.ts'
import { listQuery, type TaskSearch } from './search.ts'

const PAGE_SIZE = 100
/** Lists longer than this are not read again by themselves, for that is one request a page; their rows are changed in place. */
const FEW_PAGES = 3

interface TaskPage {
  items: Task[]
  next_cursor: string | null
}
type Pages = InfiniteData<TaskPage, string | undefined>

/** The tasks of all pages as one list. */
export interface Rows {
  length: number
  slice(first?: number, last?: number): Task[]
}

/** Copies no more of the pages than is asked for: a list anew for each of a thousand pages is garbage by the megabyte. */
export function rowsOf(pages: TaskPage[] = []): Rows {
  const length = pages.reduce((sum, { items }) => sum + items.length, 0)
  const slice = (first = 0, last = length) => {
    const found: Task[] = []
    let start = 0
    for (const { items } of pages) {
      if (start >= last) break
      if (start + items.length > first) found.push(...items.slice(Math.max(0, first - start), last - start))
      start += items.length
    }
    return found
  }
  return { length, slice }
}

const COUNTS = { queryKey: ['tasks', 'count'] } as const
const PRESENT = { queryKey: ['tasks', 'list', 'present'] } as const
const keyOf = (search: TaskSearch) => [...PRESENT.queryKey, listQuery(search)]
const isShort = (list: unknown) => ((list as Pages | undefined)?.pages.length ?? 0) <= FEW_PAGES

/** Pages of the list, each read when it is scrolled to. A list of the past does not change. */
export function useTaskList(search: TaskSearch) {
  const query = listQuery(search)
  return useInfiniteQuery({
    queryKey: search.as_of ? ['tasks', 'list', 'past', query] : keyOf(search),
    queryFn: ({ pageParam, signal }) =>
      data(api.GET('/api/v1/tasks', { params: { query: { ...query, limit: PAGE_SIZE, cursor: pageParam } }, signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
    staleTime: ({ state }) => (!search.as_of && isShort(state.data) ? FRESH_MS : Number.POSITIVE_INFINITY),
    gcTime: 60_000,
    // Comparing a thousand pages with themselves after each new one would take longer than a frame.
    structuralSharing: false,
  })
}

/** How many tasks the list holds, up to 10,000, after which `capped` says that there are more. */
export function useTaskCount(search: TaskSearch, enabled = true) {
  const { sort: _, ...query } = listQuery(search)
  return useQuery({
    queryKey: [...COUNTS.queryKey, query],
    queryFn: ({ signal }) => data(api.GET('/api/v1/tasks/count', { params: { query }, signal })),
    enabled,
  })
}

/**
 * Changes lists of the present. What is being read of them is let go first, as it was asked for before the change and would
 * take its place: every write ends with `refreshLists`, which reads it again.
 */
function changePages(
  changed: (pages: TaskPage[]) => TaskPage[],
  queryKey: readonly unknown[] = PRESENT.queryKey,
): void {
  void queryClient.cancelQueries({ queryKey })
  queryClient.setQueriesData<Pages>({ queryKey }, (list) => list && { ...list, pages: changed(list.pages) })
}

/** Changes tasks wherever they are listed. @param change gives the task as it is now, or undefined when it is gone */
export function changeListed(ids: Iterable<number>, change: (task: Task) => Task | undefined): void {
  const wanted = new Set(ids)
  changePages((pages) =>
    pages.map((page) => {
      if (!page.items.some(({ id }) => wanted.has(id))) return page
      return { ...page, items: page.items.flatMap((task) => (wanted.has(task.id) ? (change(task) ?? []) : [task])) }
    }),
  )
}

/** The tasks as they are listed, by id; those that no list holds are left out. */
export function listed(ids: Iterable<number>): Map<number, Task> {
  const wanted = new Set(ids)
  const lists = queryClient.getQueriesData<Pages>(PRESENT)
  const rows = lists.flatMap(([, list]) => list?.pages.flatMap(({ items }) => items) ?? [])
  return new Map(rows.flatMap((task) => (wanted.has(task.id) ? [[task.id, task]] : [])))
}

/** Moves a task from one list of the board to another, where it stands by its age; before the server has said yes. */
export function moveListed(task: Task, from: TaskSearch, to: TaskSearch, status: Task['status']): void {
  const without = (page: TaskPage) => ({ ...page, items: page.items.filter(({ id }) => id !== task.id) })
  changePages((pages) => pages.map(without), keyOf(from))
  changePages((pages) => {
    const moved = { ...task, status }
    const at = pages.findIndex(({ items }) => items.some((other) => isNewer(moved, other)))
    const into = at < 0 ? pages.length - 1 : at
    return pages
      .map(without)
      .map((page, index) => (index === into ? { ...page, items: [...page.items, moved].toSorted(newestFirst) } : page))
  }, keyOf(to))
}

const isNewer = (a: Task, b: Task) => newestFirst(a, b) < 0
const newestFirst = (a: Task, b: Task) => b.created_at.localeCompare(a.created_at) || b.id - a.id

/** After a write that stands in the rows already: what is listed is read again, and what is no longer shown is forgotten. */
export async function refreshLists(): Promise<void> {
  queryClient.removeQueries({ ...PRESENT, type: 'inactive' })
  await Promise.all([
    queryClient.invalidateQueries({ ...PRESENT, predicate: ({ state }) => isShort(state.data) }),
    queryClient.invalidateQueries(COUNTS),
    queryClient.invalidateQueries({ queryKey: ['trash'] }),
    queryClient.invalidateQueries({ queryKey: ['overview'] }),
  ])
}

/** After a write of which the rows do not tell everything, and on demand: long lists begin anew, as a reload would have it. */
export async function rereadLists(): Promise<void> {
  queryClient.setQueriesData<Pages>(PRESENT, (list) => list && firstPages(list))
  await Promise.all([refreshLists(), queryClient.invalidateQueries({ queryKey: ['tasks', 'one'] })])
}

const firstPages = ({ pages, pageParams }: Pages): Pages => ({
  pages: pages.slice(0, FEW_PAGES),
  pageParams: pageParams.slice(0, FEW_PAGES),
})
