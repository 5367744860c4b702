import { Badge, Button, Group, Paper, PasswordInput, Stack, Text, Title } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api, data } from '../api/client.ts'
import { FormError, placeErrors } from '../app/form-error.tsx'
import { formatTime } from '../app/format.ts'
import { notify, notifyError } from '../app/notify.tsx'
import { Page } from '../app/page.tsx'
import { PageLoading } from '../app/page-loading.tsx'
import { Failed } from '../app/states.tsx'
import { agentName } from './agent-name.ts'

const SESSIONS = ['sessions']

/** One's own password and sessions. */
export function AccountPage() {
  return (
    <Page title="Account">
      <Stack maw={640} gap="xl">
        <PasswordForm />
        <Sessions />
      </Stack>
    </Page>
  )
}

function PasswordForm() {
  const queries = useQueryClient()
  const form = useForm({ mode: 'uncontrolled', initialValues: { current_password: '', new_password: '' } })
  const change = useMutation({
    mutationFn: (body: typeof form.values) => data(api.POST('/api/v1/auth/password', { body })),
    onSuccess: async () => {
      form.reset()
      notify('Your password is changed. Every other session has ended.')
      await queries.invalidateQueries({ queryKey: SESSIONS })
    },
    onError: (error) => placeErrors(form, error),
  })
  const field = (name: keyof typeof form.values, label: string, autoComplete: string) => (
    <PasswordInput
      key={form.key(name)}
      label={label}
      autoComplete={autoComplete}
      required
      visibilityToggleButtonProps={{ 'aria-label': `Show: ${label}` }}
      {...form.getInputProps(name)}
    />
  )
  return (
    <section aria-labelledby="password">
      <Title order={2} size="h4" id="password" mb="sm">
        Change the password
      </Title>
      <FormError error={change.error} form={form} />
      <form onSubmit={form.onSubmit((values) => change.mutate(values))}>
        <Stack gap="sm" align="stretch" maw={360}>
          {field('current_password', 'Current password', 'current-password')}
          {field('new_password', 'New password', 'new-password')}
          <Button type="submit" loading={change.isPending}>
            Change the password
          </Button>
        </Stack>
      </form>
    </section>
  )
}

function Sessions() {
  const queries = useQueryClient()
  const sessions = useQuery({
    queryKey: SESSIONS,
    queryFn: async ({ signal }) => (await data(api.GET('/api/v1/auth/sessions', { signal }))).items,
  })
  const end = useMutation({
    mutationFn: (id: string) => data(api.DELETE('/api/v1/auth/sessions/{id}', { params: { path: { id } } })),
    onSuccess: () => notify('That session has ended.'),
    onError: notifyError,
    onSettled: () => queries.invalidateQueries({ queryKey: SESSIONS }),
  })
  return (
    <section aria-labelledby="sessions">
      <Title order={2} size="h4" id="sessions" mb="sm">
        Your sessions
      </Title>
      {sessions.isPending && <PageLoading />}
      {sessions.error && <Failed error={sessions.error} retry={sessions.refetch} />}
      <Stack gap="xs">
        {sessions.data?.map(({ id, current, created_at, last_used_at, user_agent, address }) => (
          <Paper key={id} withBorder p="sm">
            <Group justify="space-between" align="flex-start">
              <Stack gap={2} flex={1} miw={200}>
                <Text size="sm" style={{ overflowWrap: 'anywhere' }} title={user_agent ?? undefined}>
                  {user_agent ? agentName(user_agent) : 'Unknown program'}
                </Text>
                <Text size="sm" c="dimmed">
                  {address ? `${address}, since` : 'Since'} {formatTime(created_at)}, last renewed{' '}
                  {formatTime(last_used_at)}
                </Text>
              </Stack>
              {current ? (
                <Badge variant="default" tt="none">
                  This one
                </Badge>
              ) : (
                <Button
                  size="compact-sm"
                  variant="default"
                  aria-label={`End this one, since ${formatTime(created_at)}`}
                  loading={end.isPending && end.variables === id}
                  onClick={() => end.mutate(id)}
                >
                  End this one
                </Button>
              )}
            </Group>
          </Paper>
        ))}
      </Stack>
    </section>
  )
}
