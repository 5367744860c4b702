import { useQuery } from '@tanstack/react-query'
import { useCallback, useMemo } from 'react'
import { api, data, type Task } from '../api/client.ts'
import type { paths } from '../api/schema.d.ts'
import { queryClient } from '../app/query-client.ts'

const NONE: ReadonlySet<number> = new Set()
const taskKey = (id: number, asOf?: string) => ['tasks', 'one', id, asOf ?? 'now'] as const

/** One task, as it is or as it was. */
export function useTask(id: number | undefined, asOf?: string, enabled = true) {
  return useQuery({
    queryKey: taskKey(id ?? 0, asOf),
    queryFn: ({ signal }) =>
      data(
        api.GET('/api/v1/tasks/{id}', { params: { path: { id: String(id) }, query: { as_of: asOf } }, signal }),
      ) as Promise<Task>,
    enabled: enabled && id !== undefined,
  })
}

export function keepTask(task: Task): void {
  queryClient.setQueryData(taskKey(task.id), task)
  void queryClient.invalidateQueries({ queryKey: historyKey(task.id) })
}

/**
 * Many were changed: those that are open are read again, and all others when they are opened.
 *
 * @param gone those that are deleted, of which nothing would be found
 */
export function forgetTasks(gone: ReadonlySet<number> = NONE): void {
  const queryKey = ['tasks', 'one']
  void queryClient.invalidateQueries({ queryKey, refetchType: 'none' })
  void queryClient.refetchQueries({
    queryKey,
    type: 'active',
    predicate: (query) => !gone.has(Number(query.queryKey[2])),
  })
  void queryClient.invalidateQueries({ queryKey: ['tasks', 'history'] })
}

export const historyKey = (id: number) => ['tasks', 'history', id] as const

type Project = paths['/api/v1/projects']['get']['responses'][200]['content']['application/json']['items'][number]
const NO_PROJECTS: Project[] = []

/** Projects one can see: those that are in use, and the name of each, archived ones too. */
export function useProjects() {
  const {
    data: all = NO_PROJECTS,
    isPending,
    error,
    refetch,
  } = useQuery({
    queryKey: ['projects', 'names'],
    queryFn: async ({ signal }) => [...(await readProjects(false, signal)), ...(await readProjects(true, signal))],
    staleTime: 60_000,
  })
  const projects = useMemo(() => all.filter(({ archived }) => !archived), [all])
  const nameOf = useCallback((id: number) => all.find((project) => project.id === id)?.name ?? `Project ${id}`, [all])
  return { projects, nameOf, isPending, error, refetch }
}

async function readProjects(archived: boolean, signal: AbortSignal): Promise<Project[]> {
  const found: Project[] = []
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const query = { archived, limit: 100, cursor }
    const page = await data(api.GET('/api/v1/projects', { params: { query }, signal }))
    found.push(...page.items)
    cursor = page.next_cursor
  }
  return found
}
