import { useMutation } from '@tanstack/react-query'
import { RefreshCw } from 'lucide-react'
import { ToolButton } from '../app/tool-button.tsx'
import { rereadLists } from './task-list.ts'

/** Reads what others have changed. */
export function RefreshButton() {
  const refresh = useMutation({ mutationFn: rereadLists })
  return <ToolButton icon={RefreshCw} label="Refresh" loading={refresh.isPending} onClick={() => refresh.mutate()} />
}
