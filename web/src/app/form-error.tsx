import { Alert } from '@mantine/core'
import { sentenceOf } from '../api/errors.ts'

/** Why the server did not take what a form holds; the fields themselves say what is wrong with each. */
export function FormError({ error }: { error: unknown }) {
  if (!error) return null
  return (
    <Alert color="red" mb="sm" role="alert">
      {sentenceOf(error)}
    </Alert>
  )
}
