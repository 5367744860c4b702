import { Text } from '@mantine/core'
import type { Task } from '../api/client.ts'
import { ApiError } from '../api/errors.ts'
import type { Column } from '../tasks/columns.tsx'
import { differences, FIELD_LABELS, valueText } from '../tasks/fields.ts'
import { useProjects, useTask } from '../tasks/task-queries.ts'

/** What has become of a task of the past. */
export const NOW_COLUMN: Column = {
  id: 'now',
  label: 'Since then',
  width: 260,
  cell: (task) => <NowCell then={task} />,
}

function NowCell({ then }: { then: Task }) {
  const { data: now, error } = useTask(then.id)
  const { nameOf } = useProjects()
  if (error) return <Text size="sm">{error instanceof ApiError && error.status === 404 ? 'Deleted' : 'Unknown'}</Text>
  if (!now) return null
  const changed = differences(then, now).map(
    (field) => `${FIELD_LABELS[field]}: ${valueText(field, now[field], nameOf)}`,
  )
  const text = changed.join('; ') || 'As it was'
  return (
    <Text size="sm" truncate title={text} c={changed.length > 0 ? undefined : 'dimmed'}>
      {text}
    </Text>
  )
}
