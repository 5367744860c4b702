import { UnstyledButton } from '@mantine/core'
import { ArrowDown, ArrowUp } from 'lucide-react'
import { memo } from 'react'
import type { Column } from './columns.tsx'
import styles from './task-table.module.css'

export const SELECT_PIXELS = 40

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
    <thead className={styles.head}>
      <tr aria-rowindex={1}>
        {toggleAll && (
          <th scope="col" style={{ width: SELECT_PIXELS }}>
            <input
              type="checkbox"
              className={styles.check}
              aria-label="Select all that are loaded"
              ref={(box) => {
                if (box) box.indeterminate = selected > 0 && !isWhole
              }}
              checked={isWhole}
              onChange={toggleAll}
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
})
