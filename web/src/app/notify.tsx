import { Button, Group, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { sentenceOf } from '../api/errors.ts'

const UNDO_MS = 15_000

export const notify = (message: string) => void notifications.show({ message, role: 'status' })

export const notifyError = (error: unknown) =>
  void notifications.show({ color: 'red', title: 'That did not work', message: sentenceOf(error), autoClose: 10_000 })

/** What was done, and the way back for a while. @param undo says itself what it has done */
export function notifyWithUndo(message: string, undo: () => Promise<void>): void {
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
            undo().catch(notifyError)
          }}
        >
          Undo
        </Button>
      </Group>
    ),
  })
}
