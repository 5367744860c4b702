import { Button, Stack, Text, Title } from '@mantine/core'
import { type ErrorComponentProps, Link, useRouter } from '@tanstack/react-router'
import { sentenceOf } from '../api/errors.ts'

/** What a page shows when it cannot: what went wrong, and the way on. */
export function PageError({ error }: ErrorComponentProps) {
  const router = useRouter()
  // After an update of the server, files of the page that is open may be gone.
  const isOutdated = error instanceof Error && /dynamically imported module|Importing a module/i.test(error.message)
  return (
    <Stack align="flex-start" p="md" role="alert">
      <Title order={1} size="h3">
        {isOutdated ? 'There is a new version of this page' : 'This could not be shown'}
      </Title>
      <Text>{isOutdated ? 'Load it anew to go on.' : sentenceOf(error)}</Text>
      <Button onClick={() => (isOutdated ? window.location.reload() : router.invalidate())}>
        {isOutdated ? 'Load the new version' : 'Try again'}
      </Button>
    </Stack>
  )
}

/** The same where no page is around it. */
export function WholePageError(props: ErrorComponentProps) {
  return (
    <main>
      <PageError {...props} />
    </main>
  )
}

export function PageMissing() {
  return (
    <Stack component="main" align="flex-start" p="md">
      <Title order={1}>There is no such page</Title>
      <Button component={Link} to="/tasks">
        Go to the tasks
      </Button>
    </Stack>
  )
}
