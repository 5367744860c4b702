import { Button, Stack } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { PageLoading } from './page-loading.tsx'
import { ScrollTable } from './scroll-table.tsx'
import { Empty, Failed } from './states.tsx'

interface ApiPage<T> {
  items: T[]
  next_cursor: string | null
}

/** A list of the API, page after page. @param read one page */
export function usePages<T>(
  key: readonly unknown[],
  read: (cursor: string | undefined, signal: AbortSignal) => Promise<ApiPage<T>>,
) {
  const list = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam, signal }) => read(pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  })
  return { ...list, items: list.data?.pages.flatMap((page) => page.items) }
}

interface Props<T> {
  label: string
  head: string[]
  /** Those of them that hold numbers, whose cells stand at the right as well. */
  numbers?: string[]
  /** Pixels below which it scrolls sideways. */
  miw?: number
  list: Omit<ReturnType<typeof usePages>, 'items'> & { items: T[] | undefined }
  /** What it says when there is nothing. */
  empty: string
  /** What to do about that. */
  hint?: string
  row: (item: T) => ReactNode
  more?: string
}

/** A table of what a list holds so far, with the rest on demand. */
export function PagedTable<T>({ label, head, numbers, miw, list, empty, hint, row, more = 'Show more' }: Props<T>) {
  const { items, error } = list
  return (
    <Stack gap="sm">
      {list.isPending && <PageLoading />}
      {error && <Failed error={error} retry={list.refetch} />}
      {items?.length === 0 && <Empty title={empty}>{hint}</Empty>}
      {items && items.length > 0 && (
        <ScrollTable label={label} head={head} numbers={numbers} miw={miw}>
          {items.map(row)}
        </ScrollTable>
      )}
      {list.hasNextPage && (
        <Button variant="default" loading={list.isFetchingNextPage} onClick={() => list.fetchNextPage()}>
          {more}
        </Button>
      )}
    </Stack>
  )
}
