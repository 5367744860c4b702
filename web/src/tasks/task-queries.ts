import { useQuery } from '@tanstack/react-query'
import { api, data, type Task } from '../api/client.ts'
import { queryClient } from '../app/query-client.ts'

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

/** Many were changed: those that are open are read again, and all others when they are opened. */
export function forgetTasks(): void {
  void queryClient.invalidateQueries({ queryKey: ['tasks', 'one'] })
  void queryClient.invalidateQueries({ queryKey: ['tasks', 'history'] })
}

export const historyKey = (id: number) => ['tasks', 'history', id] as const

/** Projects one can see, by id. */
export function useProjects() {
  const { data: projects = [] } = useQuery({
    queryKey: ['projects'],
    queryFn: async ({ signal }) =>
      (await data(api.GET('/api/v1/projects', { params: { query: { limit: 100 } }, signal }))).items,
    staleTime: 60_000,
  })
  const nameOf = (id: number) => projects.find((project) => project.id === id)?.name ?? `Project ${id}`
  return { projects, nameOf }
}

/** The names that a task of the project can be assigned to; suggestions, of which the first hundred are enough. */
export function useMemberNames(projectId: number | undefined): string[] {
  const { data: names = [] } = useQuery({
    queryKey: ['projects', projectId, 'members'],
    queryFn: async ({ signal }) => {
      const path = { id: String(projectId) }
      const page = await data(
        api.GET('/api/v1/projects/{id}/members', { params: { path, query: { limit: 100 } }, signal }),
      )
      return page.items.map((member) => member.username)
    },
    enabled: projectId !== undefined,
    staleTime: 60_000,
  })
  return names
}
