import { Button, Group, Text } from '@mantine/core'
import { Dialog } from '../app/dialog.tsx'
import { PageLoading } from '../app/page-loading.tsx'
import { Failed } from '../app/states.tsx'
import { tasks } from './changes.tsx'
import type { TaskSearch } from './search.ts'
import { useTaskCount } from './task-list.ts'

export interface WholeWork {
  verb: 'Change' | 'Delete'
  run: () => void
}

interface Props {
  work: WholeWork
  search: TaskSearch
  onClose: () => void
}

/** Asks before something is done to all that a filter matches, which is more than what is in sight. */
export function WholeDialog({ work: { verb, run }, search, onClose }: Props) {
  const { data: found, error, refetch } = useTaskCount(search)
  return (
    <Dialog onClose={onClose} title={`${verb} all that match the filter?`}>
      {error && <Failed error={error} retry={refetch} />}
      {!found && !error && <PageLoading />}
      {found && <Text size="sm">{sentence(found)}</Text>}
      <Group justify="flex-end" mt="md">
        <Button variant="default" data-autofocus onClick={onClose}>
          Cancel
        </Button>
        {found && !found.capped && (
          <Button
            color="red"
            onClick={() => {
              run()
              onClose()
            }}
          >
            {verb} {tasks(found.count)}
          </Button>
        )}
      </Group>
    </Dialog>
  )
}

function sentence({ count, capped }: { count: number; capped: boolean }): string {
  if (capped) return `The filter matches more than ${tasks(count)}, the most that can be done at once. Narrow it.`
  return `The filter matches ${tasks(count)}, also those that are not loaded here.`
}
