import { Box, Progress, Table, Text } from '@mantine/core'
import { AnchorLink } from '../app/anchor-link.tsx'
import type { TaskSearch } from '../tasks/search.ts'

interface Row {
  label: string
  count: number
  note?: string
  search: TaskSearch
}

/** Counts side by side, as a table whose bars are only for the eye. */
export function Bars({ rows }: { rows: Row[] }) {
  if (rows.length === 0)
    return (
      <Text size="sm" c="dimmed">
        Nothing is open.
      </Text>
    )
  const most = Math.max(1, ...rows.map(({ count }) => count))
  return (
    <Table verticalSpacing={4} layout="fixed" withRowBorders={false} tabularNums>
      <Table.Tbody>
        {rows.map(({ label, count, note, search }) => (
          <Table.Tr key={JSON.stringify(search)}>
            <Table.Th fw={400} w="35%">
              <AnchorLink to="/tasks" search={search} size="sm">
                {label}
              </AnchorLink>
            </Table.Th>
            <Table.Td>
              <Box aria-hidden>
                <Progress.Root size="lg">
                  <Progress.Section value={(count / most) * 100} />
                </Progress.Root>
              </Box>
            </Table.Td>
            <Table.Td w={96} ta="right">
              {count.toLocaleString()}
              {note && (
                <Text size="xs" c="dimmed">
                  {note}
                </Text>
              )}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}
