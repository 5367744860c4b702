import { Button } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { RefreshCw } from 'lucide-react'
import { rereadLists } from './task-list.ts'

/** Reads what others have changed. */
export function RefreshButton() {
  const refresh = useMutation({ mutationFn: rereadLists })
  return (
    <Button
      variant="default"
      leftSection={<RefreshCw size={16} aria-hidden />}
      loading={refresh.isPending}
      onClick={() => refresh.mutate()}
    >
      Refresh
    </Button>
  )
}
