import { Button, Select, Stack, Table, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { api, data } from '../api/client.ts'
import { AddForm } from '../app/add-form.tsx'
import { PagedTable, usePages } from '../app/paged-list.tsx'
import { useChange } from '../app/use-change.ts'
import { capitalized } from '../tasks/fields.ts'

type Role = 'viewer' | 'contributor' | 'maintainer'
const ROLES = [
  { value: 'viewer', label: 'Viewer' },
  { value: 'contributor', label: 'Contributor' },
  { value: 'maintainer', label: 'Maintainer' },
]

interface Props {
  projectId: string
  /** Who may not sees who is in it. */
  mayManage: boolean
}

/** A change may be of oneself, so that another is what one may do with the project. */
export function Members({ projectId: id, mayManage }: Props) {
  const list = usePages(['projects', 'members', id], (cursor, signal) =>
    data(api.GET('/api/v1/projects/{id}/members', { params: { path: { id }, query: { limit: 50, cursor } }, signal })),
  )
  const path = (userId: number) => ({ params: { path: { id, user_id: String(userId) } } })
  const role = useChange('projects', ({ userId, role }: { userId: number; role: Role }) =>
    data(api.PATCH('/api/v1/projects/{id}/members/{user_id}', { ...path(userId), body: { role } })),
  )
  const remove = useChange('projects', (userId: number) =>
    data(api.DELETE('/api/v1/projects/{id}/members/{user_id}', path(userId))),
  )
  return (
    <Stack>
      {mayManage && <NewMember projectId={id} />}
      <PagedTable
        label="Members"
        head={mayManage ? ['Name', 'Role', 'Remove'] : ['Name', 'Role']}
        miw={mayManage ? 440 : 300}
        list={list}
        empty="Nobody is in this project"
        row={({ user_id, username, role: present }) =>
          mayManage ? (
            <Table.Tr key={user_id}>
              <Table.Td>{username}</Table.Td>
              <Table.Td>
                <Select
                  aria-label={`Role of ${username}`}
                  allowDeselect={false}
                  data={ROLES}
                  value={present as string}
                  onChange={(value) => role.mutate({ userId: user_id, role: value as Role })}
                />
              </Table.Td>
              <Table.Td>
                <Button
                  size="compact-sm"
                  variant="default"
                  aria-label={`Remove ${username}`}
                  onClick={() => remove.mutate(user_id)}
                >
                  Remove
                </Button>
              </Table.Td>
            </Table.Tr>
          ) : (
            <Table.Tr key={user_id}>
              <Table.Td>{username}</Table.Td>
              <Table.Td>{capitalized(present as string)}</Table.Td>
            </Table.Tr>
          )
        }
      />
    </Stack>
  )
}

function NewMember({ projectId: id }: { projectId: string }) {
  const form = useForm({ initialValues: { username: '', role: 'contributor' as Role } })
  const add = useChange(
    'projects',
    (body: typeof form.values) =>
      data(api.POST('/api/v1/projects/{id}/members', { params: { path: { id } }, body })).then(() => form.reset()),
    { form },
  )
  return (
    <AddForm onSubmit={form.onSubmit((values) => add.mutate(values))} isPending={add.isPending}>
      <TextInput label="New member" placeholder="Username" required {...form.getInputProps('username')} />
      <Select label="Role" data={ROLES} allowDeselect={false} {...form.getInputProps('role')} />
    </AddForm>
  )
}
