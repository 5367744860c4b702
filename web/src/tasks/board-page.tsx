import { DragDropContext, Draggable, Droppable, type DropResult } from '@hello-pangea/dnd'
import { Button, Group, Paper, ScrollArea, Stack, Text, Title } from '@mantine/core'
import { getRouteApi } from '@tanstack/react-router'
import { Plus } from 'lucide-react'
import type { Task } from '../api/client.ts'
import { ApiError } from '../api/errors.ts'
import { formatDay } from '../app/format.ts'
import { pageNonce } from '../app/nonce.ts'
import { notify, notifyError } from '../app/notify.tsx'
import { Page } from '../app/page.tsx'
import { PageLoading } from '../app/page-loading.tsx'
import { Failed } from '../app/states.tsx'
import { changeTask, tasks } from './changes.tsx'
import { PriorityBadge } from './columns.tsx'
import { capitalized, STATUSES, type Status } from './fields.ts'
import { FilterBar } from './filter-bar.tsx'
import { RefreshButton } from './refresh-button.tsx'
import type { TaskSearch } from './search.ts'
import { TaskDrawer } from './task-drawer.tsx'
import { TaskLink } from './task-link.tsx'
import { moveListed, refreshLists, useTaskList } from './task-list.ts'

const route = getRouteApi('/shell/board')

/** The tasks by status, newest first in each. A card is dragged, or taken with the space bar and moved with the arrows. */
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

  const drop = async ({ draggableId, source, destination }: DropResult) => {
    if (!destination || destination.droppableId === source.droppableId) return
    const found = lists[source.droppableId as Status].data?.pages.flatMap((page) => page.items)
    const task = found?.find(({ id }) => String(id) === draggableId)
    if (!task) return
    const status = destination.droppableId as Status
    moveListed(task, { ...filter, status: task.status }, { ...filter, status }, status)
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
        <ScrollArea type="auto" viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': 'Tasks by status' }}>
          <Group wrap="nowrap" align="flex-start" gap="sm" pb="md">
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

function BoardColumn({ status, list }: { status: Status; list: ReturnType<typeof useTaskList> }) {
  const cards = list.data?.pages.flatMap((page) => page.items) ?? []
  const heading = `column-${status}`
  return (
    <Stack component="section" gap="xs" flex="1 0 190px" maw={340} aria-labelledby={heading}>
      <Group justify="space-between">
        <Title order={2} size="h6" id={heading}>
          {capitalized(status)}
        </Title>
        <Text size="xs" c="dimmed">
          {list.isPending ? '' : `${tasks(cards.length)}${list.hasNextPage ? ' or more' : ''}`}
        </Text>
      </Group>
      {list.isPending && <PageLoading />}
      {list.error && <Failed error={list.error} retry={list.refetch} />}
      <Droppable droppableId={status}>
        {(droppable, { isDraggingOver }) => (
          <Paper
            ref={droppable.innerRef}
            {...droppable.droppableProps}
            withBorder
            p="xs"
            mih={120}
            bg={isDraggingOver ? 'var(--mantine-color-default-hover)' : undefined}
          >
            {cards.map((task, index) => (
              <Card key={task.id} task={task} index={index} />
            ))}
            {droppable.placeholder}
            {!list.isPending && cards.length === 0 && (
              <Text size="sm" c="dimmed">
                Nothing is {status}.
              </Text>
            )}
          </Paper>
        )}
      </Droppable>
      {list.hasNextPage && (
        <Button variant="default" size="xs" loading={list.isFetchingNextPage} onClick={() => list.fetchNextPage()}>
          Show more
        </Button>
      )}
    </Stack>
  )
}

function Card({ task, index }: { task: Task; index: number }) {
  return (
    <Draggable draggableId={String(task.id)} index={index}>
      {(draggable, { isDragging }) => (
        <Paper
          ref={draggable.innerRef}
          {...draggable.draggableProps}
          {...draggable.dragHandleProps}
          // A card holds a link, so it is no button itself.
          role="group"
          aria-roledescription="card to move"
          aria-label={task.title}
          withBorder
          shadow={isDragging ? 'md' : undefined}
          p="xs"
          mb="xs"
        >
          <TaskLink task={task} />
          <Group gap={6} mt={4}>
            <PriorityBadge priority={task.priority} />
            {task.assigned_user && <Text size="xs">{task.assigned_user}</Text>}
            {task.due_date && (
              <Text size="xs" c="dimmed">
                due {formatDay(task.due_date)}
              </Text>
            )}
          </Group>
        </Paper>
      )}
    </Draggable>
  )
}
