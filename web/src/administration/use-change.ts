import { useMutation, useQueryClient } from '@tanstack/react-query'
import { notifyError } from '../app/notify.tsx'

/** A change after which that list is read again. */
export function useChange<Input>(key: string, change: (input: Input) => Promise<unknown>) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: change,
    onError: notifyError,
    onSettled: () => client.invalidateQueries({ queryKey: [key] }),
  })
}
