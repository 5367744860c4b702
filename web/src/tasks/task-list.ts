import { type InfiniteData, keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { api, data, type Task } from '../api/client.ts'
import { queryClient } from '../app/query-client.ts'
import { listQuery, type TaskSearch } from './search.ts'

const PAGE_SIZE = 100
/** Lists longer than this are not read again after a change, for that is one request a page; their rows are changed in place. */
const FEW_PAGES = 3

interface TaskPage {
  items: Task[]
  next_cursor: string | null
}
type Pages = InfiniteData<TaskPage, string | undefined>

const PRESENT = ['tasks', 'list', 'present'] as const

/** Pages of the list, each read when it is scrolled to. A list of the past does not change. */
export function useTaskList(search: TaskSearch) {
  const query = listQuery(search)
  return useInfiniteQuery({
    queryKey: search.as_of ? ['tasks', 'list', 'past', query] : [...PRESENT, query],
    queryFn: ({ pageParam, signal }) =>
      data(api.GET('/api/v1/tasks', { params: { query: { ...query, limit: PAGE_SIZE, cursor: pageParam } }, signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    refetchOnWindowFocus: false,
    // Comparing a thousand pages with themselves after each new one would take longer than a frame.
    structuralSharing: false,
  })
}

/** Changes tasks wherever they are listed. @param change gives the task as it is now, or undefined when it is gone */
export function changeListed(ids: Iterable<number>, change: (task: Task) => Task | undefined): void {
  const wanted = new Set(ids)
  queryClient.setQueriesData<Pages>(
    { queryKey: PRESENT },
    (list) => list && { ...list, pages: list.pages.map(changePage) },
  )
  function changePage(page: TaskPage): TaskPage {
    if (!page.items.some(({ id }) => wanted.has(id))) return page
    return { ...page, items: page.items.flatMap((task) => (wanted.has(task.id) ? (change(task) ?? []) : [task])) }
  }
}

/** Moves a task from one list of the board to another, where it stands by its age; before the server has said yes. */
export function moveListed(task: Task, from: TaskSearch, to: TaskSearch, status: Task['status']): void {
  const keyOf = (search: TaskSearch) => [...PRESENT, listQuery(search)]
  const without = (page: TaskPage) => ({ ...page, items: page.items.filter(({ id }) => id !== task.id) })
  const change = (search: TaskSearch, changed: (pages: TaskPage[]) => TaskPage[]) =>
    queryClient.setQueryData<Pages>(keyOf(search), (list) => list && { ...list, pages: changed(list.pages) })
  change(from, (pages) => pages.map(without))
  change(to, (pages) => {
    const moved = { ...task, status }
    const at = pages.findIndex(({ items }) => items.some((other) => isNewer(moved, other)))
    const into = at < 0 ? pages.length - 1 : at
    return pages
      .map(without)
      .map((page, index) => (index === into ? { ...page, items: [...page.items, moved].toSorted(newestFirst) } : page))
  })
}

const isNewer = (a: Task, b: Task) => newestFirst(a, b) < 0
const newestFirst = (a: Task, b: Task) => b.created_at.localeCompare(a.created_at) || b.id - a.id

/** After a write: what is listed is read again, and what is no longer shown is forgotten. */
export async function refreshLists(): Promise<void> {
  queryClient.removeQueries({ queryKey: PRESENT, type: 'inactive' })
  await Promise.all([
    queryClient.invalidateQueries({
      queryKey: PRESENT,
      predicate: ({ state }) => ((state.data as Pages | undefined)?.pages.length ?? 0) <= FEW_PAGES,
    }),
    queryClient.invalidateQueries({ queryKey: ['trash'] }),
    queryClient.invalidateQueries({ queryKey: ['overview'] }),
  ])
}
