import { Alert, Button, Group, List, Progress, SimpleGrid, Stack, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Check, Download, Undo2, X } from 'lucide-react'
import { useEffect, useState } from 'react'
import { api, data } from '../api/client.ts'
import { download } from '../api/download.ts'
import { mayPass } from '../api/errors.ts'
import { Dialog } from '../app/dialog.tsx'
import { formatTime } from '../app/format.ts'
import { notifyError } from '../app/notify.tsx'
import { PageLoading } from '../app/page-loading.tsx'
import { Failed } from '../app/states.tsx'
import { tasks } from '../tasks/changes.tsx'
import { rereadLists } from '../tasks/task-list.ts'
import { ImportErrors } from './import-errors.tsx'
import { type Import, isMoving, useImport } from './requests.ts'

const SENTENCES: Record<Import['state'], string> = {
  receiving: 'The file is arriving.',
  checking: 'Every row is being checked.',
  ready: 'Checked. Nothing is written yet.',
  merging: 'Rows are becoming tasks.',
  done: 'Done.',
  failed: 'Nothing more was written.',
  cancelled: 'Cancelled. What had become tasks by then stays.',
  undoing: 'It is being taken back.',
  undone: 'Taken back.',
}

/** One import, from the check to its end and back. */
export function ImportView({ id }: { id: string }) {
  const { data: row, error, refetch } = useImport(id)
  const client = useQueryClient()
  const act = useMutation({
    mutationFn: (verb: 'commit' | 'cancel' | 'undo') =>
      data(api.POST(`/api/v1/imports/{id}/${verb}`, { params: { path: { id } } })),
    onError: notifyError,
    onSettled: () => client.invalidateQueries({ queryKey: ['imports'] }),
  })
  const moves = row !== undefined && isMoving(row)
  // While rows become tasks, what was read of the lists grows old.
  useEffect(() => (moves ? () => void rereadLists() : undefined), [moves])
  const failed = error && (
    <Failed error={error} retry={refetch}>
      <Button size="xs" variant="default" component={Link} to="/imports">
        Go to the imports
      </Button>
    </Failed>
  )
  // What one may no longer see is not shown as it was either.
  if (!row || (error && !mayPass(error))) return failed ?? <PageLoading />
  const { state, rejected } = row
  // What it did row by row is kept for some time only.
  const isDetailed = row.details_removed_at === null
  const canUndo = isDetailed && ['done', 'cancelled', 'failed'].includes(state) && row.created + row.updated > 0
  return (
    <Stack gap="sm">
      {failed}
      <Text role="status">
        {row.file_name && <b>{row.file_name}: </b>}
        {SENTENCES[state]}
      </Text>
      {row.failure && <Alert color="red">{row.failure}</Alert>}
      {isMoving(row) && <Moving row={row} />}
      <Counts row={row} />
      <Group gap="xs">
        {state === 'ready' && (
          <Button
            leftSection={<Check size={16} aria-hidden />}
            loading={act.isPending}
            onClick={() => act.mutate('commit')}
          >
            Import {(row.rows - rejected).toLocaleString()} {row.rows - rejected === 1 ? 'row' : 'rows'}
          </Button>
        )}
        {['ready', 'checking', 'merging', 'receiving'].includes(state) && (
          <Button
            variant="default"
            leftSection={<X size={16} aria-hidden />}
            loading={act.isPending}
            onClick={() => act.mutate('cancel')}
          >
            Cancel
          </Button>
        )}
        {rejected > 0 && isDetailed && (
          <Button
            variant="default"
            leftSection={<Download size={16} aria-hidden />}
            onClick={() => download(`/api/v1/imports/${id}/rejected.csv`).catch(notifyError)}
          >
            Download rejected rows
          </Button>
        )}
        {canUndo && <Undo id={id} undo={() => act.mutate('undo')} />}
      </Group>
      {row.details_removed_at && (
        <Text size="sm" c="dimmed">
          What it did row by row was removed {formatTime(row.details_removed_at)}: it can no longer be taken back, and
          its rejected rows are gone.
        </Text>
      )}
      {rejected > 0 && isDetailed && !isMoving(row) && <ImportErrors row={row} />}
    </Stack>
  )
}

function Moving({ row }: { row: Import }) {
  const done = row.created + row.updated + row.unchanged + row.rejected
  const percent = row.rows > 0 ? Math.min(100, (done / row.rows) * 100) : 0
  const left = row.estimated_end
    ? Math.max(0, Math.ceil((Date.parse(row.estimated_end) - Date.now()) / 1_000))
    : undefined
  return (
    <>
      <Progress.Root size="lg">
        <Progress.Section value={percent} animated aria-label="Rows done" />
      </Progress.Root>
      <Text size="sm" c="dimmed">
        {row.rows_per_second ? `${row.rows_per_second.toLocaleString()} rows a second` : 'Beginning'}
        {left === undefined ? '' : `, about ${left < 90 ? `${left} s` : `${Math.round(left / 60)} min`} left`}
      </Text>
    </>
  )
}

/** Until it is committed, what would become of the rows. */
function Counts({ row }: { row: Import }) {
  const isPlan = row.state === 'checking' || row.state === 'ready'
  const counts = {
    Rows: row.rows,
    [isPlan ? 'To create' : 'Created']: row.created,
    [isPlan ? 'To update' : 'Updated']: row.updated,
    Unchanged: row.unchanged,
    Rejected: row.rejected,
  }
  return (
    <SimpleGrid cols={{ base: 2, xs: 5 }} maw={640}>
      {Object.entries(counts).map(([label, count]) => (
        <Stack key={label} gap={0}>
          <Text size="sm" c="dimmed">
            {label}
          </Text>
          <Text fw={700}>{count.toLocaleString()}</Text>
        </Stack>
      ))}
    </SimpleGrid>
  )
}

/** Says first what would come of it. */
function Undo({ id, undo }: { id: string; undo: () => void }) {
  const [isOpen, setOpen] = useState(false)
  const plan = useMutation({
    mutationFn: () =>
      data(
        api.POST('/api/v1/imports/{id}/undo', { params: { path: { id }, query: { dry_run: true } } }),
      ) as Promise<Import>,
    onError: notifyError,
    onSuccess: () => setOpen(true),
  })
  const planned = plan.data?.undo
  return (
    <>
      <Button
        variant="default"
        leftSection={<Undo2 size={16} aria-hidden />}
        loading={plan.isPending}
        onClick={() => plan.mutate()}
      >
        Take it back
      </Button>
      {isOpen && (
        <Dialog onClose={() => setOpen(false)} title="Take this import back?">
          <Stack gap="sm">
            {planned && (
              <List size="sm">
                <List.Item>{tasks(planned.removed)} to the trash</List.Item>
                <List.Item>{tasks(planned.restored)} back to what they were</List.Item>
                <List.Item>{tasks(planned.left)} left alone, as they were changed since</List.Item>
              </List>
            )}
            <Group justify="flex-end">
              <Button variant="default" onClick={() => setOpen(false)}>
                Keep it
              </Button>
              <Button
                color="red"
                onClick={() => {
                  setOpen(false)
                  undo()
                }}
              >
                Take it back now
              </Button>
            </Group>
          </Stack>
        </Dialog>
      )}
    </>
  )
}
