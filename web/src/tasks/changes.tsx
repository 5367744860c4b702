import { api, data, type Task } from '../api/client.ts'
import { ApiError } from '../api/errors.ts'
import { newKey } from '../api/idempotency.ts'
import { notify, notifyWithUndo } from '../app/notify.tsx'
import type { TaskValues } from './fields.ts'
import { listQuery, type TaskSearch } from './search.ts'
import { changeListed, listed, refreshLists, rereadLists } from './task-list.ts'
import { forgetTasks, keepTask } from './task-queries.ts'

/** Writes to tasks. Each shows in the lists at once, and is taken back there when the server says no. */

export type Changes = Partial<TaskValues>

const ifMatch = (version: number) => ({ 'if-match': `"${version}"` })

export async function createTask(values: Changes & { title: string }): Promise<Task> {
  const task = (await data(api.POST('/api/v1/tasks', { body: values }))) as Task
  await rereadLists()
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
    void refreshLists()
    throw error
  }
}

/** Makes the task what it was in that version. @param current the version that it has, unless somebody came before */
export async function revertTask(id: number, to: number, current: number): Promise<Task> {
  const params = { path: { id: String(id) }, header: ifMatch(current) }
  const task = (await data(api.POST('/api/v1/tasks/{id}/revert', { params, body: { version: to } }))) as Task
  settle(task)
  return task
}

/** What the server has answered takes the place of what is listed. */
function settle(task: Task): void {
  changeListed([task.id], () => task)
  keepTask(task)
  void refreshLists()
}

interface Written {
  id: number
  version: number
}

/** What a selection of the list is: tasks by id, or all that the filter matches. */
export type Selection = { ids: number[] } | { filter: TaskSearch }

const asBody = (selection: Selection) =>
  'ids' in selection ? selection : { filter: listQuery({ ...selection.filter, sort: undefined }) }

/** Rows that were named stand as they are now; what a filter has matched need not have been listed at all. */
async function afterMany(selection: Selection, gone?: ReadonlySet<number>): Promise<void> {
  await ('ids' in selection ? refreshLists() : rereadLists())
  forgetTasks(gone)
}

export async function changeSelected(selection: Selection, changes: Changes): Promise<void> {
  const before = listed('ids' in selection ? selection.ids : [])
  changeListed(before.keys(), (task) => ({ ...task, ...changes }))
  const putBack = (written: Map<number, number>) =>
    changeListed(before.keys(), (task) => {
      const version = written.get(task.id)
      return version === undefined ? before.get(task.id) : { ...task, version }
    })
  try {
    const { changed, unchanged, refused } = await data(
      api.PATCH('/api/v1/tasks', { body: { ...asBody(selection), changes } }),
    )
    putBack(new Map(changed.map(({ id, version }) => [id, version])))
    await afterMany(selection)
    const text = sentence(`${tasks(changed.length)} changed`, unchanged.length, refused)
    if (changed.length === 0) notify(text)
    else notifyWithUndo(text, undoing(selection, changed, before))
  } catch (error) {
    // Whether it was done is not known when no answer came.
    putBack(new Map())
    void rereadLists()
    throw error
  }
}

/**
 * Takes changes back that are still the last ones, all in one request, which can be sent again when no answer came.
 *
 * @param before the tasks as they were, of those that are listed
 */
function undoing(selection: Selection, changed: Written[], before: Map<number, Task>): () => Promise<string> {
  const header = { 'idempotency-key': newKey() }
  return async () => {
    const { undone, refused } = await data(api.POST('/api/v1/tasks/undo', { params: { header }, body: { changed } }))
    const versions = new Map(undone.map(({ id, version }) => [id, version]))
    changeListed(versions.keys(), (task) => ({ ...task, ...before.get(task.id), version: versions.get(task.id) ?? 0 }))
    await afterMany(selection)
    return sentence(`${tasks(undone.length)} as before`, 0, refused)
  }
}

export async function deleteSelected(selection: Selection): Promise<void> {
  const { deleted, deletion_id, refused } = await data(api.DELETE('/api/v1/tasks', { body: asBody(selection) }))
  const gone = new Set(deleted.map((task) => task.id))
  changeListed(gone, () => undefined)
  await afterMany(selection, gone)
  const text = sentence(`${tasks(deleted.length)} moved to the trash`, 0, refused)
  const key = newKey()
  if (deletion_id) notifyWithUndo(text, () => restoreDeletion(deletion_id, key))
  else notify(text)
}

/** Takes everything that one request deleted out of the trash. */
export async function restoreDeletion(deletionId: string, key = newKey()): Promise<string> {
  const params = { header: { 'idempotency-key': key } }
  const body = { deletion_id: deletionId }
  const { restored, refused } = await data(api.POST('/api/v1/trash/restore', { params, body }))
  await rereadLists()
  return sentence(`${tasks(restored.length)} restored`, 0, refused)
}

export async function restoreTask(id: number): Promise<string> {
  const task = (await data(api.POST('/api/v1/tasks/{id}/restore', { params: { path: { id: String(id) } } }))) as Task
  keepTask(task)
  await rereadLists()
  return `${task.title}: restored.`
}

export const tasks = (count: number) => `${count.toLocaleString()} ${count === 1 ? 'task' : 'tasks'}`

function sentence(done: string, unchanged: number, refused: { detail: string }[]): string {
  const parts = [`${done}.`]
  if (unchanged > 0) parts.push(`${tasks(unchanged)} were like that already.`)
  if (refused.length > 0) parts.push(`${tasks(refused.length)} left alone: ${refused[0]?.detail}`)
  return parts.join(' ')
}
