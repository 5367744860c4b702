import { Checkbox, UnstyledButton } from '@mantine/core'
import { useVirtualizer } from '@tanstack/react-virtual'
import { ArrowDown, ArrowUp } from 'lucide-react'
import { memo, type ReactNode, useEffect, useRef } from 'react'
import type { Task } from '../api/client.ts'
import { Cell, type Column } from './columns.tsx'
import { useProjects } from './task-queries.ts'
import styles from './task-table.module.css'

/** As in task-table.module.css. */
const ROW_PIXELS = 37
const TITLE_PIXELS = 200
const SELECT_PIXELS = 40
/** The next page is asked for when this many rows are left, so that scrolling does not wait for it. */
const AHEAD = 150

interface Props {
  rows: Task[]
  columns: Column[]
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
export function TaskTable({ rows, columns, sort, onSort, hasMore, loadMore, selection, children }: Props) {
  const scroll = useRef<HTMLDivElement>(null)
  const { nameOf } = useProjects()
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW_PIXELS,
    overscan: 10,
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
        <TableHead columns={columns} sort={sort} onSort={onSort} selection={selection} count={rows.length} />
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
                  nameOf={nameOf}
                  isSelected={selection?.ids.has(task.id)}
                  toggle={selection?.toggle}
                />
              )
            )
          })}
          <Space height={after} span={span} />
        </tbody>
      </table>
      {children}
    </section>
  )
}

function TableHead({
  columns,
  sort,
  onSort,
  selection,
  count,
}: Pick<Props, 'columns' | 'sort' | 'onSort' | 'selection'> & { count: number }) {
  const selected = selection?.ids.size ?? 0
  const Arrow = sort === 'created_at' ? ArrowUp : ArrowDown
  return (
    <thead className={styles.head}>
      <tr aria-rowindex={1}>
        {selection && (
          <th scope="col" style={{ width: SELECT_PIXELS }}>
            <Checkbox
              aria-label="Select all that are loaded"
              checked={selected > 0 && selected === count}
              indeterminate={selected > 0 && selected < count}
              onChange={selection.toggleAll}
            />
          </th>
        )}
        {columns.map(({ id, label, width }) => (
          <th
            key={id}
            scope="col"
            style={{ width }}
            aria-sort={id !== 'created_at' ? undefined : sort === 'created_at' ? 'ascending' : 'descending'}
          >
            {id === 'created_at' ? (
              <UnstyledButton onClick={onSort} fz="sm" fw={700}>
                {label} <Arrow size={14} aria-hidden />
              </UnstyledButton>
            ) : (
              label
            )}
          </th>
        ))}
      </tr>
    </thead>
  )
}

interface RowProps {
  index: number
  task: Task
  columns: Column[]
  nameOf: (id: number) => string
  isSelected?: boolean
  toggle?: (id: number) => void
}

const Row = memo(
  function Row({ index, task, columns, nameOf, isSelected, toggle }: RowProps) {
    return (
      <tr className={styles.row} aria-rowindex={index + 2} aria-selected={isSelected}>
        {toggle && (
          <td>
            <Checkbox aria-label={`Select ${task.title}`} checked={isSelected} onChange={() => toggle(task.id)} />
          </td>
        )}
        {columns.map(({ id, cell }) => (
          <td key={id}>
            <Cell>{cell(task, nameOf)}</Cell>
          </td>
        ))}
      </tr>
    )
  },
  // The name of a project comes with a new function each time, and seldom with a new name.
  (a, b) =>
    a.task === b.task &&
    a.columns === b.columns &&
    a.isSelected === b.isSelected &&
    a.toggle === b.toggle &&
    a.index === b.index,
)

/** In place of the rows above and below those in sight. */
function Space({ height, span }: { height: number; span: number }) {
  return height > 0 ? (
    <tr className={styles.space} aria-hidden>
      <td colSpan={span} style={{ height }} />
    </tr>
  ) : null
}
