import { Button, Group, Select, Stack, Table, Text } from '@mantine/core'
import { useState } from 'react'
import { api, data } from '../api/client.ts'
import { AnchorLink } from '../app/anchor-link.tsx'
import { formatTime } from '../app/format.ts'
import { PagedTable, usePages } from '../app/paged-list.tsx'
import { useChange } from '../app/use-change.ts'
import { capitalized, options } from '../tasks/fields.ts'

const STATES = ['created', 'retry', 'active', 'completed', 'cancelled', 'failed'] as const
type State = (typeof STATES)[number]

export function Jobs() {
  const [state, setState] = useState<State | null>(null)
  const list = usePages(['jobs', state ?? 'all'], (cursor, signal) =>
    data(api.GET('/api/v1/jobs', { params: { query: { limit: 50, cursor, state: state ?? undefined } }, signal })),
  )
  const change = useChange(
    'jobs',
    ({ id, verb }: { id: string; verb: 'retry' | 'cancel' }) =>
      data(api.POST(`/api/v1/jobs/{id}/${verb}`, { params: { path: { id } } })),
    { done: 'Done.' },
  )
  return (
    <Stack>
      <Group align="flex-end" gap="xs">
        <Select
          label="State"
          placeholder="All"
          clearable
          clearButtonProps={{ 'aria-label': 'All states' }}
          data={options(STATES)}
          value={state}
          onChange={(value) => setState(value as State | null)}
        />
        <Button variant="default" onClick={() => list.refetch()}>
          Refresh
        </Button>
      </Group>
      <PagedTable
        label="Jobs"
        head={['Job', 'State', 'Created', 'Ended', 'Retries', 'Action']}
        numbers={['Retries']}
        list={list}
        empty="There are no such jobs"
        row={({ id, name, state, import_id, retries, error, created_at, finished_at }) => (
          <Table.Tr key={id}>
            <Table.Td>
              {name}
              {import_id !== null && (
                <AnchorLink to="/imports" search={{ id: String(import_id) }} size="sm" display="block">
                  Import {import_id}
                </AnchorLink>
              )}
            </Table.Td>
            <Table.Td>
              {capitalized(String(state))}
              {error && (
                <Text size="xs" c="dimmed">
                  {error}
                </Text>
              )}
            </Table.Td>
            <Table.Td>{formatTime(created_at)}</Table.Td>
            <Table.Td>{finished_at ? formatTime(finished_at) : ''}</Table.Td>
            <Table.Td ta="right">{retries}</Table.Td>
            <Table.Td>
              {['failed', 'cancelled'].includes(String(state)) && (
                <Button
                  size="compact-sm"
                  variant="default"
                  aria-label={`Retry ${name}`}
                  onClick={() => change.mutate({ id, verb: 'retry' })}
                >
                  Retry
                </Button>
              )}
              {['created', 'retry', 'active'].includes(String(state)) && import_id === null && (
                <Button
                  size="compact-sm"
                  variant="default"
                  aria-label={`Cancel ${name}`}
                  onClick={() => change.mutate({ id, verb: 'cancel' })}
                >
                  Cancel
                </Button>
              )}
            </Table.Td>
          </Table.Tr>
        )}
      />
    </Stack>
  )
}
