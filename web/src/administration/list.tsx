import { Button, ScrollArea, Stack, Table } from '@mantine/core'
import type { ReactNode } from 'react'
import { PageLoading } from '../app/page-loading.tsx'
import { Empty, Failed } from '../app/states.tsx'

interface Props<T> {
  label: string
  head: string[]
  list: {
    items: T[] | undefined
    error: unknown
    isPending: boolean
    hasNextPage: boolean
    isFetchingNextPage: boolean
    refetch: () => void
    fetchNextPage: () => void
  }
  empty: string
  row: (item: T) => ReactNode
}

/** A table of what a list holds so far, with the rest on demand. */
export function List<T>({ label, head, list, empty, row }: Props<T>) {
  const { items, error } = list
  return (
    <Stack gap="sm">
      {list.isPending && <PageLoading />}
      {Boolean(error) && <Failed error={error} retry={list.refetch} />}
      {items?.length === 0 && <Empty title={empty} />}
      {items && items.length > 0 && (
        <ScrollArea type="auto" viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': label }}>
          <Table miw={640}>
            <Table.Thead>
              <Table.Tr>
                {head.map((name) => (
                  <Table.Th key={name}>{name}</Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>{items.map(row)}</Table.Tbody>
          </Table>
        </ScrollArea>
      )}
      {list.hasNextPage && (
        <Button variant="default" loading={list.isFetchingNextPage} onClick={() => list.fetchNextPage()}>
          Show more
        </Button>
      )}
    </Stack>
  )
}
