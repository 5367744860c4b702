import { Button, ScrollArea, Table, Title } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { api, data } from '../api/client.ts'
import { AnchorLink } from '../app/anchor-link.tsx'
import { formatTime } from '../app/format.ts'
import { PageLoading } from '../app/page-loading.tsx'
import { Empty, Failed } from '../app/states.tsx'
import { capitalized } from '../tasks/fields.ts'

/** What became of files, latest first. */
export function ImportList() {
  const list = useInfiniteQuery({
    queryKey: ['imports'],
    queryFn: ({ pageParam, signal }) =>
      data(api.GET('/api/v1/imports', { params: { query: { limit: 20, cursor: pageParam } }, signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  })
  const items = list.data?.pages.flatMap((page) => page.items)
  return (
    <>
      <Title order={2} size="h4">
        Earlier imports
      </Title>
      {list.isPending && <PageLoading />}
      {list.error && <Failed error={list.error} retry={list.refetch} />}
      {items?.length === 0 && <Empty title="Nothing has been imported yet">Choose a file above.</Empty>}
      {items && items.length > 0 && (
        <ScrollArea type="auto" viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': 'Earlier imports' }}>
          <Table miw={640} highlightOnHover>
            <Table.Thead>
              <Table.Tr>
                {['File', 'When', 'State', 'Rows', 'Created', 'Updated', 'Rejected'].map((name) => (
                  <Table.Th key={name}>{name}</Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {items.map(({ id, file_name, created_at, state, rows, created, updated, rejected }) => (
                <Table.Tr key={id}>
                  <Table.Td>
                    <AnchorLink to="/imports" search={{ id: String(id) }} size="sm">
                      {file_name ?? `Import ${id}`}
                    </AnchorLink>
                  </Table.Td>
                  <Table.Td>{formatTime(created_at)}</Table.Td>
                  <Table.Td>{capitalized(state)}</Table.Td>
                  {[rows, created, updated, rejected].map((count, i) => (
                    // biome-ignore lint/suspicious/noArrayIndexKey: four columns that stay in their places
                    <Table.Td key={i}>{count.toLocaleString()}</Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </ScrollArea>
      )}
      {list.hasNextPage && (
        <Button variant="default" loading={list.isFetchingNextPage} onClick={() => list.fetchNextPage()}>
          Show earlier ones
        </Button>
      )}
    </>
  )
}
