import { Button, Group, Modal, Stack, Switch, Table, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useState } from 'react'
import { api, data } from '../api/client.ts'
import { AddForm } from '../app/add-form.tsx'
import { PagedTable, usePages } from '../app/paged-list.tsx'
import { useChange } from '../app/use-change.ts'
import { useUser } from '../auth/session.ts'
import { capitalized } from '../tasks/fields.ts'
import { Members } from './members.tsx'
import { RenameDialog } from './rename-dialog.tsx'
import { useChangeProject } from './use-change-project.ts'

/** The projects one can see; what can be done with each depends on one's role in it. */
export function ProjectList() {
  const me = useUser()
  const [archived, setArchived] = useState(false)
  const [open, setOpen] = useState<{ id: number; name: string; mayManage: boolean }>()
  const [renamed, setRenamed] = useState<{ id: number; name: string }>()
  const list = usePages(['projects', 'all', String(archived)], (cursor, signal) =>
    data(api.GET('/api/v1/projects', { params: { query: { limit: 50, cursor, archived } }, signal })),
  )
  const change = useChangeProject()
  return (
    <Stack>
      <NewProject />
      <Switch label="Show archived" checked={archived} onChange={(event) => setArchived(event.currentTarget.checked)} />
      <PagedTable
        label="Projects"
        head={['Name', 'Your role', 'Action']}
        list={list}
        empty={archived ? 'No project is archived' : 'There are no projects'}
        row={({ id, name, role, is_default }) => {
          const mayManage = me?.role === 'admin' || role === 'maintainer'
          const button = { size: 'compact-sm', variant: 'default' }
          return (
            <Table.Tr key={id}>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>
                <bdi>{name}</bdi>
              </Table.Td>
              <Table.Td>{capitalized(role ?? 'administrator')}</Table.Td>
              <Table.Td>
                <Group gap="xs">
                  <Button
                    {...button}
                    aria-label={`Members of ${name}`}
                    onClick={() => setOpen({ id, name, mayManage })}
                  >
                    Members
                  </Button>
                  {mayManage && (
                    <Button {...button} aria-label={`Rename ${name}`} onClick={() => setRenamed({ id, name })}>
                      Rename
                    </Button>
                  )}
                  {mayManage && !is_default && (
                    <Button
                      {...button}
                      aria-label={`${archived ? 'Bring back' : 'Archive'} ${name}`}
                      onClick={() => change.mutate({ id, archived: !archived })}
                    >
                      {archived ? 'Bring back' : 'Archive'}
                    </Button>
                  )}
                </Group>
              </Table.Td>
            </Table.Tr>
          )
        }}
      />
      <Modal
        opened={open !== undefined}
        onClose={() => setOpen(undefined)}
        title={`Members of ${open?.name}`}
        size="lg"
      >
        {open && <Members projectId={String(open.id)} mayManage={open.mayManage} />}
      </Modal>
      {renamed && <RenameDialog project={renamed} onClose={() => setRenamed(undefined)} />}
    </Stack>
  )
}

function NewProject() {
  const form = useForm({ initialValues: { name: '' } })
  const create = useChange(
    'projects',
    (body: { name: string }) => data(api.POST('/api/v1/projects', { body })).then(() => form.reset()),
    { form },
  )
  return (
    <AddForm onSubmit={form.onSubmit((values) => create.mutate(values))} isPending={create.isPending}>
      <TextInput label="New project" required {...form.getInputProps('name')} />
    </AddForm>
  )
}
