// biome-ignore-all lint/a11y/useSemanticElements: see TaskTable
// biome-ignore-all lint/a11y/useFocusableInteractive: a row of a table is not interactive, that of a grid is
import { UnstyledButton } from '@mantine/core'
import { ArrowDown, ArrowUp } from 'lucide-react'
import { memo } from 'react'
import type { Column } from './columns.tsx'
import styles from './task-table.module.css'

interface Props {
  columns: Column[]
  sort: 'created_at' | '-created_at'
  onSort: () => void
  /** Left out where nothing can be selected. */
  toggleAll?: () => void
  selected: number
  /** Whether that is all of them. */
  isWhole: boolean
}

export const TableHead = memo(function TableHead({ columns, sort, onSort, toggleAll, selected, isWhole }: Props) {
  const Arrow = sort === 'created_at' ? ArrowUp : ArrowDown
  return (
    <div role="rowgroup" className={styles.top}>
      <div role="row" className={styles.head} aria-rowindex={1}>
        {toggleAll && (
          <div role="columnheader" className={styles.select}>
            <input
              type="checkbox"
              aria-label="Select all that are loaded"
              ref={(box) => {
                if (box) box.indeterminate = selected > 0 && !isWhole
              }}
              checked={isWhole}
              onChange={toggleAll}
            />
          </div>
        )}
        {columns.map((column) => (
          <div
            key={column.id}
            role="columnheader"
            className={styles[column.id]}
            aria-sort={column.id !== 'created_at' ? undefined : sort === 'created_at' ? 'ascending' : 'descending'}
          >
            {column.id === 'created_at' ? (
              <UnstyledButton onClick={onSort} fz="sm" fw={700}>
                {column.label} <Arrow size={14} aria-hidden />
              </UnstyledButton>
            ) : (
              column.label
            )}
          </div>
        ))}
      </div>
    </div>
  )
})
