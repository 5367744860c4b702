import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type Form, placeErrors } from './form-error.tsx'
import { notify, notifyError } from './notify.tsx'

interface Options {
  /** What is said then. */
  done?: string
  /** Its fields say what is wrong with them. */
  form?: Form
}

/** A change after which that list is read again. */
export function useChange<Input>(
  key: string,
  change: (input: Input) => Promise<unknown>,
  { done = 'Saved.', form }: Options = {},
) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: change,
    onSuccess: () => notify(done),
    onError: (error) => void ((form && placeErrors(form, error)) || notifyError(error)),
    onSettled: () => client.invalidateQueries({ queryKey: [key] }),
  })
}
