import { Draggable, Droppable } from '@hello-pangea/dnd'
import { Button, Group, Paper, Stack, Text, Title } from '@mantine/core'
import { useState } from 'react'
import type { Task } from '../api/client.ts'
import { formatDay } from '../app/format.ts'
import { PageLoading } from '../app/page-loading.tsx'
import { Failed } from '../app/states.tsx'
import { tasks } from './changes.tsx'
import { PriorityBadge } from './columns.tsx'
import { capitalized, type Status } from './fields.ts'
import { TaskLink } from './task-link.tsx'
import type { useTaskList } from './task-list.ts'

/** One card of a column is a stop of the Tab key; from there it goes on with arrow keys. */
export function BoardColumn({ status, list }: { status: Status; list: ReturnType<typeof useTaskList> }) {
  const cards = list.data?.pages.flatMap((page) => page.items) ?? []
  const [current, setCurrent] = useState<number>()
  const stop = cards.some(({ id }) => id === current) ? current : cards[0]?.id
  const heading = `column-${status}`
  return (
    <Stack component="section" gap="xs" flex="1 0 190px" maw={340} aria-labelledby={heading}>
      <Group justify="space-between" pos="sticky" top={0} py={4} bg="var(--mantine-color-body)" style={{ zIndex: 1 }}>
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
              <Card
                key={task.id}
                task={task}
                index={index}
                tabIndex={task.id === stop ? 0 : -1}
                onFocus={() => setCurrent(task.id)}
              />
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

interface CardProps {
  task: Task
  index: number
  /** Of the card and its link. */
  tabIndex: number
  onFocus: () => void
}

function Card({ task, index, tabIndex, onFocus }: CardProps) {
  return (
    <Draggable draggableId={String(task.id)} index={index}>
      {(draggable, { isDragging }) => (
        <Paper
          ref={draggable.innerRef}
          {...draggable.draggableProps}
          {...draggable.dragHandleProps}
          tabIndex={tabIndex}
          onFocus={onFocus}
          // A card holds a link, so it is no button itself.
          role="group"
          aria-roledescription="card to move"
          aria-label={task.title}
          withBorder
          shadow={isDragging ? 'md' : undefined}
          p="xs"
          mb="xs"
        >
          <TaskLink task={task} tabIndex={tabIndex} />
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
