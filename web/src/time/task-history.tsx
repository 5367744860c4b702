import { Button, Group, List, Stack, Text, Timeline } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { api, data, type TaskVersion } from '../api/client.ts'
import { formatTime } from '../app/format.ts'
import { notify, notifyError } from '../app/notify.tsx'
import { PageLoading } from '../app/page-loading.tsx'
import { usePages } from '../app/paged-list.tsx'
import { Empty, Failed } from '../app/states.tsx'
import { revertTask } from '../tasks/changes.tsx'
import { capitalized, FIELD_LABELS, type Field, valueText } from '../tasks/fields.ts'
import { historyKey, useProjects } from '../tasks/task-queries.ts'

/** What happened to a task, newest first: each change field by field, and the way back to before it. */
export function TaskHistory({ id }: { id: number }) {
  const history = usePages(historyKey(id), (cursor, signal) => {
    const params = { path: { id: String(id) }, query: { limit: 20, cursor } }
    return data(api.GET('/api/v1/tasks/{id}/history', { params, signal }))
  })
  const revert = useMutation({
    mutationFn: ({ to, from }: { to: number; from: number }) => revertTask(id, to, from),
    onSuccess: (task) => notify(`The task is as it was; that is version ${task.version}.`),
    onError: (error) => {
      notifyError(error)
      // Somebody may have changed it: what there is to go back from is shown first.
      void history.refetch()
    },
  })
  const { items: versions, error } = history
  const failed = error && <Failed error={error} retry={history.refetch} />
  if (!versions) return failed ?? <PageLoading />
  const newest = versions[0]?.version
  if (newest === undefined) return <Empty title="Nothing is kept of its history" />
  return (
    <Stack>
      {failed}
      <Timeline active={versions.length} bulletSize={14} lineWidth={2}>
        {versions.map((version, index) => (
          <Timeline.Item key={version.version} title={`${capitalized(version.action)} by ${version.by ?? 'nobody'}`}>
            <Version version={version} />
            <Group gap="xs" mt={4}>
              {index > 0 && version.action !== 'deleted' && (
                <Button
                  size="compact-sm"
                  variant="default"
                  loading={revert.isPending && revert.variables.to === version.version}
                  onClick={() => revert.mutate({ to: version.version, from: newest })}
                >
                  Go back to this
                </Button>
              )}
              <Button
                size="compact-sm"
                variant="subtle"
                component={Link}
                to="/tasks"
                search={{ as_of: version.at, task: String(id) } as never}
              >
                See all tasks then
              </Button>
            </Group>
          </Timeline.Item>
        ))}
      </Timeline>
      {history.hasNextPage && (
        <Button variant="default" loading={history.isFetchingNextPage} onClick={() => history.fetchNextPage()}>
          Show earlier changes
        </Button>
      )}
    </Stack>
  )
}

const CAUSES = { api: '', import: ', by import', undo: ', by taking back import', revert: ', by going back' }

function Version({ version }: { version: TaskVersion }) {
  const { nameOf } = useProjects()
  const text = (field: string, value: unknown) => <bdi>{valueText(field as Field, value, nameOf)}</bdi>
  return (
    <>
      <Text size="sm" c="dimmed">
        <time dateTime={version.at}>{formatTime(version.at)}</time>, version {version.version}
        {CAUSES[version.cause]}
        {version.import_id !== null && ` ${version.import_id}`}
      </Text>
      <List size="sm" styles={{ itemWrapper: { overflowWrap: 'anywhere' } }}>
        {version.changes.map(({ field, from, to }) => (
          <List.Item key={field}>
            {FIELD_LABELS[field as Field]}: {version.action !== 'created' && <>{text(field, from)} → </>}
            {text(field, to)}
          </List.Item>
        ))}
      </List>
    </>
  )
}
