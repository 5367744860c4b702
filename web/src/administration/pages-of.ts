import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { notifyError } from '../app/notify.tsx'

interface ApiPage<T> {
  items: T[]
  next_cursor: string | null
}

/** A list of the API, page after page. @param read one page */
export function usePages<T>(
  key: (string | undefined)[],
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

/** A change after which that list is read again. */
export function useChange<Input>(key: string, change: (input: Input) => Promise<unknown>) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: change,
    onError: notifyError,
    onSettled: () => client.invalidateQueries({ queryKey: [key] }),
  })
}
