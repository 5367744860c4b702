import { useMutation, useQueryClient } from '@tanstack/react-query'
import { notify, notifyError } from '../app/notify.tsx'

/** A change after which that list is read again. @param done what is said then */
export function useChange<Input>(key: string, change: (input: Input) => Promise<unknown>, done = 'Saved.') {
  const client = useQueryClient()
  return useMutation({
    mutationFn: change,
    onSuccess: () => notify(done),
    onError: notifyError,
    onSettled: () => client.invalidateQueries({ queryKey: [key] }),
  })
}
