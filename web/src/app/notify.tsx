import { Button, Group, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { mayPass, sentenceOf } from '../api/errors.ts'

const UNDO_MS = 15_000

export const notify = (message: string) => void notifications.show({ message, role: 'status' })

export const notifyError = (error: unknown) =>
  void notifications.show({ color: 'red', title: 'That did not work', message: sentenceOf(error), autoClose: 10_000 })

/**
 * What was done, and the way back for a while; again, when that failed for a reason that may be gone later.
 *
 * @param undo answers what it has done, and can be called again when it failed
 */
export function notifyWithUndo(message: string, undo: () => Promise<string>): void {
  const id = notifications.show({
    autoClose: UNDO_MS,
    role: 'status',
    message: (
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm">{message}</Text>
        <Button
          size="compact-sm"
          flex="none"
          variant="default"
          onClick={() => {
            notifications.hide(id)
            void takeBack(undo)
          }}
        >
          Undo
        </Button>
      </Group>
    ),
  })
}

async function takeBack(undo: () => Promise<string>): Promise<void> {
  const id = notifications.show({ loading: true, autoClose: false, message: 'Taking it back…', role: 'status' })
  try {
    notify(await undo())
  } catch (error) {
    if (mayPass(error)) notifyWithUndo(`Not taken back yet. ${sentenceOf(error)}`, undo)
    else notifyError(error)
  } finally {
    notifications.hide(id)
  }
}
