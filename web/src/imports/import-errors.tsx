import { Button, Code, ScrollArea, Table, Title } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { api, data } from '../api/client.ts'
import { PageLoading } from '../app/page-loading.tsx'
import { Failed } from '../app/states.tsx'

/** Every cell that could not be taken: where it is, what it holds, why. */
export function ImportErrors({ id }: { id: string }) {
  const errors = useInfiniteQuery({
    queryKey: ['imports', id, 'errors'],
    queryFn: ({ pageParam, signal }) =>
      data(
        api.GET('/api/v1/imports/{id}/errors', {
          params: { path: { id }, query: { limit: 50, cursor: pageParam } },
          signal,
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  })
  const items = errors.data?.pages.flatMap((page) => page.items)
  return (
    <>
      <Title order={2} size="h4">
        Cells that cannot be taken
      </Title>
      {errors.isPending && <PageLoading />}
      {errors.error && <Failed error={errors.error} retry={errors.refetch} />}
      {items && (
        <ScrollArea
          type="auto"
          viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': 'Cells that cannot be taken' }}
        >
          <Table miw={560}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Line</Table.Th>
                <Table.Th>Column</Table.Th>
                <Table.Th>Cell</Table.Th>
                <Table.Th>Why</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {items.map(({ line, column, value, code, message }) => (
                <Table.Tr key={`${line} ${column} ${code}`}>
                  <Table.Td>{line}</Table.Td>
                  <Table.Td>{column ?? 'whole row'}</Table.Td>
                  <Table.Td>{value !== null && <Code>{value}</Code>}</Table.Td>
                  <Table.Td>{message}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </ScrollArea>
      )}
      {errors.hasNextPage && (
        <Button variant="default" loading={errors.isFetchingNextPage} onClick={() => errors.fetchNextPage()}>
          Show more
        </Button>
      )}
    </>
  )
}
