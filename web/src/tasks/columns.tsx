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
  id: string
  label: string
  /** Pixels; the title takes what is left. */
  width?: number
  cell: (task: Task, context: CellContext) => ReactNode
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
  { id: 'id', label: 'Id', width: 90, cell: ({ id }) => id },
  {
    id: 'title',
    label: 'Title',
    cell: ({ id, title }, { hrefOf, open }) => (
      <a className={styles.link} href={hrefOf(id)} data-task={id} title={title} onClick={open}>
        {title}
      </a>
    ),
  },
  {
    id: 'status',
    label: 'Status',
    width: 110,
    cell: ({ status }) => <span className={styles.badge}>{capitalized(status)}</span>,
  },
  { id: 'priority', label: 'Priority', width: 110, cell: ({ priority }) => <PriorityBadge priority={priority} /> },
  { id: 'assigned_user', label: 'Assigned to', width: 130, cell: ({ assigned_user }) => assigned_user },
  { id: 'due_date', label: 'Due', width: 120, cell: ({ due_date }) => due_date && formatDay(due_date) },
  { id: 'labels', label: 'Labels', width: 150, cell: ({ labels }) => labels.join(', ') },
  { id: 'project', label: 'Project', width: 120, cell: ({ project_id }, { projectName }) => projectName(project_id) },
  { id: 'created_by', label: 'Created by', width: 130, cell: ({ created_by }) => created_by },
  { id: 'external_id', label: 'External id', width: 130, cell: ({ external_id }) => external_id },
  { id: 'created_at', label: 'Created', width: 170, cell: ({ created_at }) => formatTime(created_at) },
  { id: 'updated_at', label: 'Updated', width: 170, cell: ({ updated_at }) => formatTime(updated_at) },
]

export const DEFAULT_COLUMNS = ['title', 'status', 'priority', 'assigned_user', 'due_date', 'created_at']

/** A cell's text on one line, whatever it holds. */
export function Cell({ children }: { children: ReactNode }) {
  return typeof children === 'string' || typeof children === 'number' ? (
    <span className={styles.text} title={String(children)}>
      {children}
    </span>
  ) : (
    children
  )
}
