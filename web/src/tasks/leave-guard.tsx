import { Button, Group, Text } from '@mantine/core'
import { useBlocker } from '@tanstack/react-router'
import { type ReactNode, useRef } from 'react'
import { Dialog } from '../app/dialog.tsx'

/**
 * Asks before a form that was changed is left, in whatever way: closed, by the back button, by a link, with the tab. The
 * form stands for the task in the address of the page, so all of these change the address.
 *
 * @returns the question, to be shown beside the form; `letGo` for what ends the form itself
 */
export function useLeaveGuard(isChanged: boolean): { dialog: ReactNode; letGo: () => void } {
  const isLetGo = useRef(false)
  const holds = () => isChanged && !isLetGo.current
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) =>
      holds() && (current.pathname !== next.pathname || taskOf(current.search) !== taskOf(next.search)),
    enableBeforeUnload: holds,
    withResolver: true,
  })
  // Not there before it is asked: the Escape that closes the form would close the question as well.
  const dialog = blocker.status === 'blocked' && (
    <Dialog onClose={blocker.reset} title="Leave without saving?">
      <Text size="sm">What you have changed here is not saved yet.</Text>
      <Group justify="flex-end" mt="md">
        <Button variant="default" data-autofocus onClick={blocker.reset}>
          Go on editing
        </Button>
        <Button color="red" onClick={blocker.proceed}>
          Leave it
        </Button>
      </Group>
    </Dialog>
  )
  return {
    dialog,
    letGo: () => {
      isLetGo.current = true
    },
  }
}

const taskOf = (search: unknown) => (search as { task?: string }).task
