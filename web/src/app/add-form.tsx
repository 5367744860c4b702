import { Button, Group } from '@mantine/core'
import type { FormEventHandler, ReactNode } from 'react'

interface Props {
  onSubmit: FormEventHandler<HTMLFormElement>
  isPending: boolean
  /** The fields, each with a label. */
  children: ReactNode
}

/** A line of fields above a list, and the button that adds to it what they hold. */
export function AddForm({ onSubmit, isPending, children }: Props) {
  return (
    <form onSubmit={onSubmit}>
      <Group align="flex-start" gap="xs">
        {children}
        {/* Beside the fields, not their labels; what is wrong with a field stands below it. */}
        <Button type="submit" mt={25} loading={isPending}>
          Add
        </Button>
      </Group>
    </form>
  )
}
