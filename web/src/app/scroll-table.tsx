import { ScrollArea, Table } from '@mantine/core'
import type { ReactNode } from 'react'

interface Props {
  /** What it is, for who cannot see it. */
  label: string
  head: string[]
  /** Those of them that hold numbers, whose cells stand at the right as well. */
  numbers?: string[]
  /** Pixels below which it scrolls sideways. */
  miw?: number
  /** Pixels above which it scrolls by itself. */
  mah?: number
  /** Its rows. */
  children: ReactNode
}

/** A table that scrolls within its page where it is too wide; by keyboard as well (WCAG 2.1.1). */
export function ScrollTable({ label, head, numbers, miw = 640, mah, children }: Props) {
  return (
    <ScrollArea.Autosize
      mah={mah}
      type="auto"
      offsetScrollbars="x"
      viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': label }}
    >
      <Table miw={miw} tabularNums>
        <Table.Thead>
          <Table.Tr>
            {head.map((name) => (
              <Table.Th key={name} ta={numbers?.includes(name) ? 'right' : undefined}>
                {name}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>{children}</Table.Tbody>
      </Table>
    </ScrollArea.Autosize>
  )
}
