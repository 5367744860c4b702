import { Alert, Button, Center, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { mayPass, sentenceOf } from '../api/errors.ts'

/** Nothing is there: why, and what to do about it. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <Center mih={200} p="md">
      <Stack align="center" gap="xs">
        <Text fw={600}>{title}</Text>
        {children}
      </Stack>
    </Center>
  )
}

interface FailedProps {
  error: unknown
  retry: () => void
  /** What else there is to do, where another try would end like this one. */
  children?: ReactNode
}

/** Something could not be read: what went wrong, and another try where that may help. */
export function Failed({ error, retry, children }: FailedProps) {
  return (
    <Alert color="red" title="This could not be loaded" role="alert">
      <Stack align="flex-start" gap="xs">
        <Text size="sm">{sentenceOf(error)}</Text>
        {mayPass(error) ? (
          <Button size="xs" variant="default" onClick={retry}>
            Try again
          </Button>
        ) : (
          children
        )}
      </Stack>
    </Alert>
  )
}
