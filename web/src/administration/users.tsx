import { Button, PasswordInput, Select, Stack, Table, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { api, data } from '../api/client.ts'
import { AddForm } from '../app/add-form.tsx'
import { formatTime } from '../app/format.ts'
import { notify } from '../app/notify.tsx'
import { PagedTable, usePages } from '../app/paged-list.tsx'
import { useChange } from '../app/use-change.ts'
import { useUser } from '../auth/session.ts'

const ROLES = [
  { value: 'user', label: 'User' },
  { value: 'admin', label: 'Administrator' },
]

export function Users() {
  const me = useUser()
  const list = usePages(['users'], (cursor, signal) =>
    data(api.GET('/api/v1/users', { params: { query: { limit: 50, cursor } }, signal })),
  )
  const role = useChange('users', ({ id, role }: { id: number; role: 'user' | 'admin' }) =>
    data(api.PATCH('/api/v1/users/{id}', { params: { path: { id: String(id) } }, body: { role } })),
  )
  const access = useChange('users', ({ id, verb }: { id: number; verb: 'disable' | 'enable' }) =>
    data(api.POST(`/api/v1/users/{id}/${verb}`, { params: { path: { id: String(id) } } })),
  )
  return (
    <Stack>
      <NewUser />
      <PagedTable
        label="Users"
        head={['Name', 'Since', 'Role', 'Access']}
        list={list}
        empty="There are no users"
        row={(user) => (
          <Table.Tr key={user.id}>
            <Table.Td>{user.username}</Table.Td>
            <Table.Td>{formatTime(user.created_at)}</Table.Td>
            <Table.Td>
              <Select
                aria-label={`Role of ${user.username}`}
                allowDeselect={false}
                maw={220}
                data={ROLES}
                value={user.role as string}
                disabled={user.id === me?.id}
                onChange={(value) => role.mutate({ id: user.id, role: value as 'user' | 'admin' })}
              />
            </Table.Td>
            <Table.Td>
              <Button
                size="compact-sm"
                variant="default"
                disabled={user.id === me?.id}
                aria-label={`${user.disabled ? 'Enable' : 'Disable'} ${user.username}`}
                onClick={() => access.mutate({ id: user.id, verb: user.disabled ? 'enable' : 'disable' })}
              >
                {user.disabled ? 'Enable' : 'Disable'}
              </Button>
            </Table.Td>
          </Table.Tr>
        )}
      />
    </Stack>
  )
}

function NewUser() {
  const form = useForm({ initialValues: { username: '', password: '', role: 'user' as 'user' | 'admin' } })
  const create = useChange(
    'users',
    (body: typeof form.values) =>
      data(api.POST('/api/v1/users', { body })).then(() => {
        notify(`${body.username} can sign in now.`)
        form.reset()
      }),
    { form },
  )
  return (
    <AddForm onSubmit={form.onSubmit((values) => create.mutate(values))} isPending={create.isPending}>
      <TextInput
        label="New user"
        placeholder="Username"
        autoComplete="off"
        required
        {...form.getInputProps('username')}
      />
      <PasswordInput
        label="Password of the new user"
        autoComplete="new-password"
        required
        {...form.getInputProps('password')}
      />
      <Select label="Role" data={ROLES} allowDeselect={false} {...form.getInputProps('role')} />
    </AddForm>
  )
}
