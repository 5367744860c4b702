import { Alert } from '@mantine/core'
import { fieldErrors, sentenceOf } from '../api/errors.ts'
import { lastFocused } from './focus.ts'

/** What a form of the library can do, as far as it matters here. */
export interface Form {
  getInitialValues(): object
  setErrors(errors: Record<string, string>): void
}

/** Why the server did not take what a form holds: as far as no field of the form says it itself. */
export function FormError({ error, form }: { error: unknown; form?: Form }) {
  const text = form ? leftOver(form, error) : sentenceOf(error)
  if (!error || !text) return null
  return (
    <Alert color="red" mb="sm" role="alert">
      {text}
    </Alert>
  )
}

/**
 * Puts what is wrong beside its fields, and the focus into the first of them: of the form that was sent, as one in a dialog
 * may have fields of the same name under it.
 *
 * @returns whether that is all there is to say
 */
export function placeErrors(form: Form, error: unknown): boolean {
  const errors = fieldErrors(error)
  form.setErrors(errors)
  const fields = [...(lastFocused()?.closest('form')?.querySelectorAll<HTMLElement>('[data-path]') ?? [])]
  fields.find(({ dataset }) => dataset.path && dataset.path in errors)?.focus()
  return leftOver(form, error) === ''
}

function leftOver(form: Form, error: unknown): string {
  const errors = Object.entries(fieldErrors(error))
  if (errors.length === 0) return sentenceOf(error)
  const fields = form.getInitialValues()
  return errors.flatMap(([name, detail]) => (name in fields ? [] : [`${name}: ${detail}`])).join(', ')
}
