// biome-ignore-all lint/a11y/useSemanticElements: see TaskTable
// biome-ignore-all lint/a11y/useFocusableInteractive: a row of a table is not interactive, that of a grid is
import { type FocusEvent, type MouseEvent, memo, type ReactNode, useEffect, useRef, useState } from 'react'
import type { Task } from '../api/client.ts'
import { type CellContext, type Column, ScrollingContext } from './columns.tsx'
import { moveToRow, rowIndexOf } from './row-keys.ts'
import { TableHead } from './table-head.tsx'
import type { Rows } from './task-list.ts'
import styles from './task-table.module.css'
import { useVisibleRows } from './visible-rows.ts'

/** As in task-table.module.css. */
const ROW_PIXELS = 37
/** The next page is asked for when this many rows are left, so that scrolling does not wait for it. */
const AHEAD = 400
/** Chromium lays out nothing beyond 2^25 pixels. */
export const MOST_ROWS = 900_000

interface Props {
  rows: Rows
  columns: Column[]
  context: CellContext
  sort: 'created_at' | '-created_at'
  onSort: () => void
  hasMore: boolean
  loadMore: () => void
  /** Left out where nothing can be changed: in the past. */
  selection?: { ids: ReadonlySet<number>; toggle: (id: number) => void; toggleAll: () => void }
  /** Stands below the rows. */
  children?: ReactNode
}

/**
 * Rows of one height, of which only those in sight are on the page, however many there are. The elements of a real table make
 * each row that comes or goes dearer for all others; here each is a box of its own, with the roles of a table. One row is a
 * stop of the Tab key, the others are reached from it by arrow keys: what follows the table is near, however long it is.
 */
export function TaskTable(props: Props) {
  const { rows, columns, context, sort, onSort, hasMore, loadMore, selection, children } = props
  const scroll = useRef<HTMLDivElement>(null)
  const { first, last, isScrolling } = useVisibleRows(scroll, rows.length, ROW_PIXELS)
  const [current, setCurrent] = useState(0)
  const stop = current >= first && current < last ? current : first
  useEffect(() => {
    if (hasMore && last > rows.length - AHEAD) loadMore()
  }, [hasMore, last, rows, loadMore])

  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard (WCAG 2.1.1)
    <section ref={scroll} className={styles.scroll} tabIndex={0} aria-label="Tasks">
      <div
        role="table"
        className={styles.table}
        aria-rowcount={hasMore ? -1 : rows.length + 1}
        aria-description="Arrow keys go from row to row"
      >
        <TableHead
          columns={columns}
          sort={sort}
          onSort={onSort}
          toggleAll={selection?.toggleAll}
          selected={selection?.ids.size ?? 0}
          isWhole={selection !== undefined && selection.ids.size > 0 && selection.ids.size === rows.length}
        />
        <ScrollingContext value={isScrolling}>
          <div
            role="rowgroup"
            className={styles.body}
            style={{ height: rows.length * ROW_PIXELS }}
            onMouseMove={titleWhatIsCutOff}
            onKeyDown={(event) => {
              if (scroll.current) {
                moveToRow(event, scroll.current, (end) => setCurrent(end === 'Home' ? 0 : rows.length - 1))
              }
            }}
            onFocus={({ target }: FocusEvent) => setCurrent(rowIndexOf(target))}
          >
            {rows.slice(first, last).map((task, at) => (
              <Row
                key={task.id}
                index={first + at}
                task={task}
                columns={columns}
                context={context}
                isStop={first + at === stop}
                isSelected={selection?.ids.has(task.id)}
                toggle={selection?.toggle}
              />
            ))}
          </div>
        </ScrollingContext>
      </div>
      {children}
    </section>
  )
}

/** When the pointer moves there, not for each cell that is drawn nor for those that pass below it. */
function titleWhatIsCutOff({ target }: MouseEvent): void {
  const text = (target as Element).closest<HTMLElement>('a, [role="cell"]')
  if (text && text.scrollWidth > text.clientWidth) text.title = text.textContent
}

interface RowProps {
  index: number
  task: Task
  columns: Column[]
  context: CellContext
  isStop: boolean
  isSelected?: boolean
  toggle?: (id: number) => void
}

const Row = memo(function Row({ index, task, columns, context, isStop, isSelected, toggle }: RowProps) {
  const tabIndex = isStop ? 0 : -1
  return (
    <div
      role="row"
      className={styles.row}
      style={{ top: index * ROW_PIXELS }}
      aria-rowindex={index + 2}
      aria-selected={isSelected}
    >
      {toggle && (
        <div role="cell" className={styles.select}>
          <input
            type="checkbox"
            tabIndex={tabIndex}
            aria-label={`Select ${task.title}`}
            checked={isSelected}
            onChange={() => toggle(task.id)}
          />
        </div>
      )}
      {columns.map((column) => (
        <div role="cell" className={styles[column.id]} key={column.id}>
          {column.cell(task, context, tabIndex)}
        </div>
      ))}
    </div>
  )
})
