import { Text } from '@mantine/core'
import { useContext } from 'react'
import type { Task } from '../api/client.ts'
import { isMissing } from '../api/errors.ts'
import { type CellContext, type Column, ScrollingContext } from '../tasks/columns.tsx'
import { differences, FIELD_LABELS, valueText } from '../tasks/fields.ts'
import { useTask } from '../tasks/task-queries.ts'

/** What has become of a task of the past. */
export const NOW_COLUMN: Column = {
  id: 'now',
  label: 'Since then',
  cell: (task, { projectName }) => <NowCell then={task} projectName={projectName} />,
}

function NowCell({ then, projectName }: { then: Task } & Pick<CellContext, 'projectName'>) {
  // One request a row: not for those that only pass by.
  const isScrolling = useContext(ScrollingContext)
  const { data: now, error } = useTask(then.id, undefined, !isScrolling)
  if (error)
    return (
      <Text span inherit>
        {isMissing(error) ? 'Deleted' : 'Unknown'}
      </Text>
    )
  if (!now) return null
  const changed = differences(then, now).map(
    (field) => `${FIELD_LABELS[field]}: ${valueText(field, now[field], projectName)}`,
  )
  const text = changed.join('; ') || 'As it was'
  return (
    <Text span inherit c={changed.length > 0 ? undefined : 'dimmed'}>
      {text}
    </Text>
  )
}
