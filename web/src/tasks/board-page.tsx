import { DragDropContext, type DropResult } from '@hello-pangea/dnd'
import { Button, Group, ScrollArea } from '@mantine/core'
import { getRouteApi } from '@tanstack/react-router'
import { Plus } from 'lucide-react'
import { ApiError } from '../api/errors.ts'
import { pageNonce } from '../app/nonce.ts'
import { notify, notifyError } from '../app/notify.tsx'
import { Page } from '../app/page.tsx'
import { BoardColumn } from './board-column.tsx'
import { focusCard, moveToCard } from './card-keys.ts'
import { changeTask } from './changes.tsx'
import { STATUSES, type Status } from './fields.ts'
import { FilterBar } from './filter-bar.tsx'
import { RefreshButton } from './refresh-button.tsx'
import type { TaskSearch } from './search.ts'
import { TaskDrawer } from './task-drawer.tsx'
import { moveListed, refreshLists, useTaskList } from './task-list.ts'

const route = getRouteApi('/shell/board')

/**
 * The tasks by status, newest first in each. A card is dragged, or found with the arrow keys, taken with the space bar and
 * moved with the arrows.
 */
export function BoardPage() {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const change = (changes: TaskSearch) => void navigate({ search: (before) => ({ ...before, ...changes }) })
  const filter: TaskSearch = { ...search, task: undefined, as_of: undefined, sort: undefined }
  const lists = {
    pending: useTaskList({ ...filter, status: 'pending' }),
    active: useTaskList({ ...filter, status: 'active' }),
    inactive: useTaskList({ ...filter, status: 'inactive' }),
    completed: useTaskList({ ...filter, status: 'completed' }),
    cancelled: useTaskList({ ...filter, status: 'cancelled' }),
  }

  const drop = async ({ draggableId, source, destination, mode }: DropResult) => {
    if (!destination || destination.droppableId === source.droppableId) return
    const found = lists[source.droppableId as Status].data?.pages.flatMap((page) => page.items)
    const task = found?.find(({ id }) => String(id) === draggableId)
    if (!task) return
    const status = destination.droppableId as Status
    moveListed(task, { ...filter, status: task.status }, { ...filter, status }, status)
    if (mode === 'SNAP') focusCard(draggableId, status)
    await changeTask(task, { status }).catch((error) => {
      moveListed({ ...task, status }, { ...filter, status }, { ...filter, status: task.status }, task.status)
      // In every column: it may be in another one by now.
      void refreshLists()
      if (error instanceof ApiError && error.code === 'VERSION_MISMATCH') {
        notify('Somebody has changed this task meanwhile. It is where they have put it; move it again if you like.')
      } else notifyError(error)
    })
  }
  return (
    <Page
      title="Board"
      fills
      actions={
        <Group gap="xs">
          <RefreshButton />
          <Button leftSection={<Plus size={16} aria-hidden />} onClick={() => change({ task: 'new' })}>
            New task
          </Button>
        </Group>
      }
    >
      <FilterBar search={search} onChange={change} withoutStatus />
      <DragDropContext nonce={pageNonce()} onDragEnd={drop}>
        <ScrollArea
          type="auto"
          flex={1}
          mih={240}
          viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': 'Tasks by status' }}
        >
          {/* Columns of one height, so that the heading of a short one stays in sight as well. */}
          <Group wrap="nowrap" align="stretch" gap="sm" pb="md" onKeyDown={moveToCard}>
            {STATUSES.map((status) => (
              <BoardColumn key={status} status={status} list={lists[status]} />
            ))}
          </Group>
        </ScrollArea>
      </DragDropContext>
      <TaskDrawer task={search.task} onClose={() => change({ task: undefined })} />
    </Page>
  )
}
