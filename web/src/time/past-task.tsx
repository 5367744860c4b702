import { List, Stack, Table, Text, Title } from '@mantine/core'
import { isMissing } from '../api/errors.ts'
import { formatDayOrTime } from '../app/format.ts'
import { PageLoading } from '../app/page-loading.tsx'
import { Empty, Failed } from '../app/states.tsx'
import { differences, FIELD_LABELS, FIELDS, valueText } from '../tasks/fields.ts'
import { useProjects, useTask } from '../tasks/task-queries.ts'

/** A task as it was, and what has changed since. */
export function PastTask({ id, asOf }: { id: number; asOf: string }) {
  const { data: then, error, refetch } = useTask(id, asOf)
  const { data: now, error: nowError, refetch: refetchNow } = useTask(id)
  const { nameOf } = useProjects()
  if (isMissing(error)) {
    return <Empty title="Not there then">It was made later, or had been deleted. Its history tells when.</Empty>
  }
  if (error) return <Failed error={error} retry={refetch} />
  if (!then) return <PageLoading />
  const changed = now ? differences(then, now) : []
  return (
    <Stack gap="sm">
      <Text size="sm" c="dimmed">
        As of {formatDayOrTime(asOf)}
      </Text>
      <Table variant="vertical" layout="fixed">
        <Table.Tbody>
          {FIELDS.map((field) => (
            <Table.Tr key={field}>
              <Table.Th w={130}>{FIELD_LABELS[field]}</Table.Th>
              <Table.Td style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
                <bdi>{valueText(field, then[field], nameOf)}</bdi>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Title order={3} size="h5">
        Since then
      </Title>
      {isMissing(nowError) && <Text size="sm">It has been deleted.</Text>}
      {nowError && !isMissing(nowError) && <Failed error={nowError} retry={refetchNow} />}
      {now && changed.length === 0 && <Text size="sm">Nothing has changed.</Text>}
      <List size="sm">
        {now &&
          changed.map((field) => (
            <List.Item key={field}>
              {FIELD_LABELS[field]}: <bdi>{valueText(field, then[field], nameOf)}</bdi> →{' '}
              <bdi>{valueText(field, now[field], nameOf)}</bdi>
            </List.Item>
          ))}
      </List>
    </Stack>
  )
}
