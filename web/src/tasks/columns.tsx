import { Anchor, Badge, Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { Task } from '../api/client.ts'
import { formatDay, formatTime } from '../app/format.ts'
import { capitalized, PRIORITY_COLORS, STATUS_COLORS } from './fields.ts'

export interface Column {
  id: string
  label: string
  /** Pixels; the title takes what is left. */
  width?: number
  cell: (task: Task, projectName: (id: number) => string) => ReactNode
}

function StatusBadge({ status }: Pick<Task, 'status'>) {
  return (
    <Badge color={STATUS_COLORS[status]} variant="default" size="sm" tt="none">
      {capitalized(status)}
    </Badge>
  )
}

export function PriorityBadge({ priority }: Pick<Task, 'priority'>) {
  return (
    <Badge color={PRIORITY_COLORS[priority]} variant="dot" size="sm" tt="none">
      {capitalized(priority)}
    </Badge>
  )
}

/** Opens the task in the drawer: in the address of the page, so that a link to it does the same. */
export function TaskLink({ task }: { task: Pick<Task, 'id' | 'title'> }) {
  return (
    <Anchor
      component={Link}
      to="."
      search={((search: object) => ({ ...search, task: String(task.id) })) as never}
      preload={false}
      size="sm"
      truncate
      display="block"
      c="inherit"
      title={task.title}
    >
      {task.title}
    </Anchor>
  )
}

/** All that the table can show; `title` always does. */
export const COLUMNS: Column[] = [
  { id: 'id', label: 'Id', width: 90, cell: ({ id }) => id },
  { id: 'title', label: 'Title', cell: (task) => <TaskLink task={task} /> },
  { id: 'status', label: 'Status', width: 110, cell: ({ status }) => <StatusBadge status={status} /> },
  { id: 'priority', label: 'Priority', width: 110, cell: ({ priority }) => <PriorityBadge priority={priority} /> },
  { id: 'assigned_user', label: 'Assigned to', width: 130, cell: ({ assigned_user }) => assigned_user },
  { id: 'due_date', label: 'Due', width: 120, cell: ({ due_date }) => due_date && formatDay(due_date) },
  { id: 'labels', label: 'Labels', width: 150, cell: ({ labels }) => labels.join(', ') },
  { id: 'project', label: 'Project', width: 120, cell: ({ project_id }, nameOf) => nameOf(project_id) },
  { id: 'created_by', label: 'Created by', width: 130, cell: ({ created_by }) => created_by },
  { id: 'external_id', label: 'External id', width: 130, cell: ({ external_id }) => external_id },
  { id: 'created_at', label: 'Created', width: 170, cell: ({ created_at }) => formatTime(created_at) },
  { id: 'updated_at', label: 'Updated', width: 170, cell: ({ updated_at }) => formatTime(updated_at) },
]

export const DEFAULT_COLUMNS = ['title', 'status', 'priority', 'assigned_user', 'due_date', 'created_at']

/** A cell's text on one line, whatever it holds. */
export function Cell({ children }: { children: ReactNode }) {
  return typeof children === 'string' || typeof children === 'number' ? (
    <Text size="sm" truncate title={String(children)}>
      {children}
    </Text>
  ) : (
    children
  )
}
