import { ActionIcon, Button, CopyButton, Drawer, Group, Tabs, Tooltip } from '@mantine/core'
import { Check, Link2 } from 'lucide-react'
import { lazy, type ReactNode, Suspense } from 'react'
import { isMissing } from '../api/errors.ts'
import { isAsking } from '../app/dialog.tsx'
import { PageLoading } from '../app/page-loading.tsx'
import { Empty, Failed } from '../app/states.tsx'
import { PastTask } from '../time/past-task.tsx'
import { EditTask } from './edit-task.tsx'
import { NewTask } from './new-task.tsx'
import { useTask } from './task-queries.ts'

const TaskHistory = lazy(async () => ({ default: (await import('../time/task-history.tsx')).TaskHistory }))

interface Props {
  /** An id, or `new`; closed without. */
  task?: string
  asOf?: string
  onClose: () => void
}

/** A task beside the list: to make, to read, to change, and its history. */
export function TaskDrawer({ task, asOf, onClose }: Props) {
  const id = task && /^\d+$/.test(task) ? Number(task) : undefined
  return (
    <Drawer
      opened={task !== undefined}
      // The Escape key closes the question over it, and not both.
      onClose={() => isAsking() || onClose()}
      position="right"
      size="lg"
      title={id === undefined ? task === 'new' ? 'New task' : 'Task' : <DrawerTitle id={id} />}
    >
      {task === 'new' && <NewTask onDone={onClose} />}
      {id !== undefined && <ExistingTask id={id} asOf={asOf} onClose={onClose} />}
      {task !== undefined && task !== 'new' && id === undefined && <NoTask onClose={onClose} />}
    </Drawer>
  )
}

function DrawerTitle({ id }: { id: number }) {
  return (
    <Group gap="xs">
      <span>Task {id}</span>
      <CopyButton value={window.location.href}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? 'Copied' : 'Copy the link'}>
            <ActionIcon variant="subtle" color="gray" onClick={copy} aria-label="Copy the link to this task">
              {copied ? <Check size={16} aria-hidden /> : <Link2 size={16} aria-hidden />}
            </ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
    </Group>
  )
}

function ExistingTask({ id, asOf, onClose }: { id: number; asOf?: string; onClose: () => void }) {
  return (
    <Tabs defaultValue="details" keepMounted={false} keepMountedMode="display-none">
      <Tabs.List mb="md">
        <Tabs.Tab value="details">Details</Tabs.Tab>
        <Tabs.Tab value="history">History</Tabs.Tab>
      </Tabs.List>
      {/* With its form, and what asks before that is left: both stay during a look at the history. */}
      <Tabs.Panel value="details" keepMounted>
        {asOf ? <PastTask id={id} asOf={asOf} /> : <PresentTask id={id} onClose={onClose} />}
      </Tabs.Panel>
      <Tabs.Panel value="history">
        <Suspense fallback={<PageLoading />}>
          <TaskHistory id={id} />
        </Suspense>
      </Tabs.Panel>
    </Tabs>
  )
}

function PresentTask({ id, onClose }: { id: number; onClose: () => void }) {
  const { data: task, error, refetch } = useTask(id)
  // What goes wrong later stands above the form, which stays with all that was typed into it.
  return (
    <>
      {isMissing(error) ? (
        <NoTask onClose={onClose}>It may have been deleted: look into its history, or the trash.</NoTask>
      ) : (
        error && <Failed error={error} retry={refetch} />
      )}
      {/* Another task is another form; another version of this one is taken over by the form while nothing is typed. */}
      {task && <EditTask key={task.id} task={task} onClose={onClose} />}
      {!task && !error && <PageLoading />}
    </>
  )
}

function NoTask({ onClose, children }: { onClose: () => void; children?: ReactNode }) {
  return (
    <Empty title="There is no such task">
      {children}
      <Button variant="default" onClick={onClose}>
        Back to the tasks
      </Button>
    </Empty>
  )
}
