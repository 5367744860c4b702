import { createContext, type MouseEvent, type ReactNode } from 'react'
import type { Task } from '../api/client.ts'
import { formatDay, formatTime } from '../app/format.ts'
import { capitalized } from './fields.ts'
import styles from './task-table.module.css'

/** What cells need besides their task. It stays the same object from row to row, so that no row is drawn for its sake. */
export interface CellContext {
  projectName: (id: number) => string
  /** The address that shows the task in the drawer. */
  hrefOf: (id: number) => string
  /** Shows it there without loading the page. */
  open: (event: MouseEvent<HTMLAnchorElement>) => void
}

export interface Column {
  /** Its class in task-table.module.css as well, which says how wide it is. */
  id: string
  label: string
  /** @param tabIndex of what can be focused in it */
  cell: (task: Task, context: CellContext, tabIndex: number) => ReactNode
}

/** Whether the table moves: what a cell would have to ask for can wait until it stands still. */
export const ScrollingContext = createContext(false)

/* Plain elements here, as a screenful of them is drawn in each frame of a fast scroll. */

export function PriorityBadge({ priority }: Pick<Task, 'priority'>) {
  return (
    <span className={styles.badge} data-priority={priority}>
      {capitalized(priority)}
    </span>
  )
}

/** All that the table can show; `title` always does. */
export const COLUMNS: Column[] = [
  { id: 'id', label: 'Id', cell: ({ id }) => id },
  {
    id: 'title',
    label: 'Title',
    cell: ({ id, title }, { hrefOf, open }, tabIndex) => (
      <a href={hrefOf(id)} dir="auto" data-task={id} onClick={open} tabIndex={tabIndex}>
        {title}
      </a>
    ),
  },
  {
    id: 'status',
    label: 'Status',
    cell: ({ status }) => <span className={styles.badge}>{capitalized(status)}</span>,
  },
  { id: 'priority', label: 'Priority', cell: ({ priority }) => <PriorityBadge priority={priority} /> },
  { id: 'assigned_user', label: 'Assigned to', cell: ({ assigned_user }) => assigned_user },
  { id: 'due_date', label: 'Due', cell: ({ due_date }) => due_date && formatDay(due_date) },
  { id: 'labels', label: 'Labels', cell: ({ labels }) => labels.join(', ') },
  { id: 'project', label: 'Project', cell: ({ project_id }, { projectName }) => projectName(project_id) },
  { id: 'created_by', label: 'Created by', cell: ({ created_by }) => created_by },
  { id: 'external_id', label: 'External id', cell: ({ external_id }) => external_id },
  { id: 'created_at', label: 'Created', cell: ({ created_at }) => formatTime(created_at) },
  { id: 'updated_at', label: 'Updated', cell: ({ updated_at }) => formatTime(updated_at) },
]

export const DEFAULT_COLUMNS = ['title', 'status', 'priority', 'assigned_user', 'due_date', 'created_at']
