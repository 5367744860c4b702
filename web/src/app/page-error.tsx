import { Button, Stack, Text, Title } from '@mantine/core'
import { type ErrorComponentProps, Link, useRouter } from '@tanstack/react-router'
import { useEffect } from 'react'
import { sentenceOf } from '../api/errors.ts'
import { isServerThere, PageAwayError } from './page-files.ts'

/** What a page shows when it cannot: what went wrong, and the way on. */
export function PageError({ error }: ErrorComponentProps) {
  const router = useRouter()
  // After an update of the server, files of the page that is open may be gone.
  const isOutdated = error instanceof Error && /dynamically imported module|Importing a module/i.test(error.message)
  const isAway = error instanceof PageAwayError
  const tryAgain = async () => {
    if (isOutdated) return window.location.reload()
    // Files that were not there once are not asked for again by the page that is open.
    if (!isAway) await router.invalidate()
    else if (await isServerThere()) window.location.reload()
  }
  // They may be there by now: a page is loaded already when the pointer comes near its link.
  // biome-ignore lint/correctness/useExhaustiveDependencies: once
  useEffect(() => {
    if (isAway) void tryAgain()
  }, [])
  return (
    <Stack align="flex-start" p="md" role="alert">
      <Title order={1} size="h3">
        {isOutdated ? 'There is a new version of this page' : 'This could not be shown'}
      </Title>
      <Text>{isOutdated ? 'Load it anew to go on.' : sentenceOf(error)}</Text>
      <Button onClick={tryAgain}>{isOutdated ? 'Load the new version' : 'Try again'}</Button>
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
