import { Button, Group, Modal, Stack, Switch, Table, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useState } from 'react'
import { api, data } from '../api/client.ts'
import { PagedTable, usePages } from '../app/paged-list.tsx'
import { Members } from './members.tsx'
import { useChange } from './use-change.ts'

export function Projects() {
  const [archived, setArchived] = useState(false)
  const [open, setOpen] = useState<{ id: number; name: string }>()
  const list = usePages(['projects', 'all', String(archived)], (cursor, signal) =>
    data(api.GET('/api/v1/projects', { params: { query: { limit: 50, cursor, archived } }, signal })),
  )
  const change = useChange('projects', ({ id, ...body }: { id: number; archived: boolean }) =>
    data(api.PATCH('/api/v1/projects/{id}', { params: { path: { id: String(id) } }, body })),
  )
  const form = useForm({ initialValues: { name: '' } })
  const create = useChange(
    'projects',
    (body: { name: string }) => data(api.POST('/api/v1/projects', { body })).then(() => form.reset()),
    { form },
  )
  return (
    <Stack>
      <form onSubmit={form.onSubmit((values) => create.mutate(values))}>
        <Group align="flex-start" gap="xs">
          <TextInput label="New project" required {...form.getInputProps('name')} />
          <Button type="submit" mt={25} loading={create.isPending}>
            Add
          </Button>
        </Group>
      </form>
      <Switch label="Show archived" checked={archived} onChange={(event) => setArchived(event.currentTarget.checked)} />
      <PagedTable
        label="Projects"
        head={['Name', 'Members', 'Archive']}
        list={list}
        empty={archived ? 'No project is archived' : 'There are no projects'}
        row={({ id, name, is_default }) => (
          <Table.Tr key={id}>
            <Table.Td>{name}</Table.Td>
            <Table.Td>
              <Button
                size="compact-sm"
                variant="default"
                aria-label={`Members of ${name}`}
                onClick={() => setOpen({ id, name })}
              >
                Members
              </Button>
            </Table.Td>
            <Table.Td>
              <Button
                size="compact-sm"
                variant="default"
                disabled={is_default}
                aria-label={`${archived ? 'Bring back' : 'Archive'} ${name}`}
                onClick={() => change.mutate({ id, archived: !archived })}
              >
                {archived ? 'Bring back' : 'Archive'}
              </Button>
            </Table.Td>
          </Table.Tr>
        )}
      />
      <Modal
        opened={open !== undefined}
        onClose={() => setOpen(undefined)}
        title={`Members of ${open?.name}`}
        size="lg"
      >
        {open && <Members projectId={String(open.id)} />}
      </Modal>
    </Stack>
  )
}
