import { useVirtualizer } from '@tanstack/react-virtual'
import { memo, type ReactNode, useEffect, useRef } from 'react'
import type { Task } from '../api/client.ts'
import { Cell, type CellContext, type Column, ScrollingContext } from './columns.tsx'
import { SELECT_PIXELS, TableHead } from './table-head.tsx'
import styles from './task-table.module.css'

/** As in task-table.module.css. */
const ROW_PIXELS = 37
const TITLE_PIXELS = 200
/** The next page is asked for when this many rows are left, so that scrolling does not wait for it. */
const AHEAD = 400
/** Chromium lays out nothing beyond 2^25 pixels. */
export const MOST_ROWS = 900_000

interface Props {
  rows: Task[]
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

/** Rows of one height, of which only those in sight are on the page, however many there are. */
export function TaskTable(props: Props) {
  const { rows, columns, context, sort, onSort, hasMore, loadMore, selection, children } = props
  const scroll = useRef<HTMLDivElement>(null)
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW_PIXELS,
    overscan: 5,
    useFlushSync: false,
  })
  const items = virtualizer.getVirtualItems()
  const last = items.at(-1)?.index ?? 0
  useEffect(() => {
    if (hasMore && last > rows.length - AHEAD) loadMore()
  }, [hasMore, last, rows, loadMore])

  const before = items[0]?.start ?? 0
  const after = virtualizer.getTotalSize() - (items.at(-1)?.end ?? 0)
  const span = columns.length + (selection ? 1 : 0)
  const width = columns.reduce((sum, column) => sum + (column.width ?? TITLE_PIXELS), selection ? SELECT_PIXELS : 0)
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard (WCAG 2.1.1)
    <section ref={scroll} className={styles.scroll} tabIndex={0} aria-label="Tasks">
      <table className={styles.table} style={{ minWidth: width }} aria-rowcount={hasMore ? -1 : rows.length + 1}>
        <TableHead
          columns={columns}
          sort={sort}
          onSort={onSort}
          toggleAll={selection?.toggleAll}
          selected={selection?.ids.size ?? 0}
          isWhole={selection !== undefined && selection.ids.size > 0 && selection.ids.size === rows.length}
        />
        <ScrollingContext value={virtualizer.isScrolling}>
          <tbody>
            <Space height={before} span={span} />
            {items.map(({ index }) => {
              const task = rows[index]
              return (
                task && (
                  <Row
                    key={task.id}
                    index={index}
                    task={task}
                    columns={columns}
                    context={context}
                    isSelected={selection?.ids.has(task.id)}
                    toggle={selection?.toggle}
                  />
                )
              )
            })}
            <Space height={after} span={span} />
          </tbody>
        </ScrollingContext>
      </table>
      {children}
    </section>
  )
}

interface RowProps {
  index: number
  task: Task
  columns: Column[]
  context: CellContext
  isSelected?: boolean
  toggle?: (id: number) => void
}

const Row = memo(function Row({ index, task, columns, context, isSelected, toggle }: RowProps) {
  return (
    <tr className={styles.row} aria-rowindex={index + 2} aria-selected={isSelected}>
      {toggle && (
        <td>
          <input
            type="checkbox"
            className={styles.check}
            aria-label={`Select ${task.title}`}
            checked={isSelected}
            onChange={() => toggle(task.id)}
          />
        </td>
      )}
      {columns.map(({ id, cell }) => (
        <td key={id}>
          <Cell>{cell(task, context)}</Cell>
        </td>
      ))}
    </tr>
  )
})

/** In place of the rows above and below those in sight. */
function Space({ height, span }: { height: number; span: number }) {
  return height > 0 ? (
    <tr className={styles.space} aria-hidden>
      <td colSpan={span} style={{ height }} />
    </tr>
  ) : null
}
