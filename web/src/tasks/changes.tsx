import { api, data, type Task } from '../api/client.ts'
import { ApiError } from '../api/errors.ts'
import { notify, notifyWithUndo } from '../app/notify.tsx'
import type { TaskValues } from './fields.ts'
import { listQuery, type TaskSearch } from './search.ts'
import { changeListed, refreshLists } from './task-list.ts'
import { keepTask } from './task-queries.ts'

/** Writes to tasks. Each shows in the lists at once, and is taken back there when the server says no. */

export type Changes = Partial<TaskValues>

const ifMatch = (version: number) => ({ 'if-match': `"${version}"` })

export async function createTask(values: Changes & { title: string }): Promise<Task> {
  const task = (await data(api.POST('/api/v1/tasks', { body: values }))) as Task
  await refreshLists()
  return task
}

/**
 * @param base the task as it was read: the change holds only if nobody came before
 * @throws ApiError VERSION_MISMATCH with the task as it is now as `current`
 */
export async function changeTask(base: Task, changes: Changes): Promise<Task> {
  changeListed([base.id], (task) => ({ ...task, ...changes }))
  try {
    const header = ifMatch(base.version)
    const path = { id: String(base.id) }
    const task = (await data(api.PATCH('/api/v1/tasks/{id}', { params: { path, header }, body: changes }))) as Task
    settle(task)
    return task
  } catch (error) {
    const current = error instanceof ApiError ? (error.problem.current as Task | undefined) : undefined
    changeListed([base.id], () => current ?? base)
    throw error
  }
}

/** Makes the task what it was in that version. */
export async function revertTask(id: number, to: number, current?: number): Promise<Task> {
  const header = current ? ifMatch(current) : undefined
  const path = { id: String(id) }
  const task = (await data(
    api.POST('/api/v1/tasks/{id}/revert', { params: { path, header }, body: { version: to } }),
  )) as Task
  settle(task)
  return task
}

function settle(task: Task): void {
  changeListed([task.id], () => task)
  keepTask(task)
  void refreshLists()
}

/** What a selection of the list is: tasks by id, or all that the filter matches. */
export type Selection = { ids: number[] } | { filter: TaskSearch }

const asBody = (selection: Selection) =>
  'ids' in selection ? selection : { filter: listQuery({ ...selection.filter, sort: undefined }) }

/** Undone one by one, each only if nobody has changed it since, so there is a limit to what a click should start. */
const MOST_UNDONE = 1_000
const UNDONE_AT_ONCE = 6

export async function changeSelected(selection: Selection, changes: Changes): Promise<void> {
  if ('ids' in selection) changeListed(selection.ids, (task) => ({ ...task, ...changes }))
  try {
    const { changed, unchanged, refused } = await data(
      api.PATCH('/api/v1/tasks', { body: { ...asBody(selection), changes } }),
    )
    const text = sentence(`${tasks(changed.length)} changed`, unchanged.length, refused)
    if (changed.length === 0 || changed.length > MOST_UNDONE) notify(text)
    else notifyWithUndo(text, () => undoChanges(changed))
  } finally {
    await refreshLists()
  }
}

async function undoChanges(changed: { id: number; version: number }[]): Promise<string> {
  const left = [...changed]
  let undone = 0
  const work = async () => {
    for (let next = left.pop(); next; next = left.pop()) {
      const { id, version } = next
      await revertTask(id, version - 1, version).then(
        () => undone++,
        () => undefined, // somebody has changed it since, and that stays
      )
    }
  }
  await Promise.all(Array.from({ length: UNDONE_AT_ONCE }, work))
  const kept = changed.length - undone
  return `${tasks(undone)} as before.${kept > 0 ? ` ${tasks(kept)} left alone: changed by somebody since.` : ''}`
}

export async function deleteSelected(selection: Selection): Promise<void> {
  const { deleted, deletion_id, refused } = await data(api.DELETE('/api/v1/tasks', { body: asBody(selection) }))
  changeListed(
    deleted.map((task) => task.id),
    () => undefined,
  )
  await refreshLists()
  const text = sentence(`${tasks(deleted.length)} moved to the trash`, 0, refused)
  if (deletion_id) notifyWithUndo(text, () => restoreDeletion(deletion_id))
  else notify(text)
}

/** Takes everything that one request deleted out of the trash. */
export async function restoreDeletion(deletionId: string): Promise<string> {
  const { restored, refused } = await data(api.POST('/api/v1/trash/restore', { body: { deletion_id: deletionId } }))
  await refreshLists()
  return sentence(`${tasks(restored.length)} restored`, 0, refused)
}

export async function restoreTask(id: number): Promise<string> {
  const task = (await data(api.POST('/api/v1/tasks/{id}/restore', { params: { path: { id: String(id) } } }))) as Task
  settle(task)
  return `${task.title}: restored.`
}

export const tasks = (count: number) => `${count.toLocaleString()} ${count === 1 ? 'task' : 'tasks'}`

function sentence(done: string, unchanged: number, refused: { detail: string }[]): string {
  const parts = [`${done}.`]
  if (unchanged > 0) parts.push(`${tasks(unchanged)} were like that already.`)
  if (refused.length > 0) parts.push(`${tasks(refused.length)} left alone: ${refused[0]?.detail}`)
  return parts.join(' ')
}
