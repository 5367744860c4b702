import { PasswordInput, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation } from '@tanstack/react-query'
import { getRouteApi, useRouter } from '@tanstack/react-router'
import { AuthPage } from './auth-page.tsx'
import { session } from './session.ts'

const route = getRouteApi('/sign-in')

export function SignInPage() {
  const { next } = route.useSearch()
  const router = useRouter()
  const form = useForm({ mode: 'uncontrolled', initialValues: { username: '', password: '' } })
  const signIn = useMutation({
    mutationFn: (values: typeof form.values) => session.signIn(values.username, values.password),
    // Within the console only: the address may have been made by somebody else.
    onSuccess: () => router.navigate({ href: next?.startsWith('/') && !next.startsWith('//') ? next : '/tasks' }),
  })
  return (
    <AuthPage
      title="Sign in"
      error={signIn.error}
      isPending={signIn.isPending}
      onSubmit={form.onSubmit((values) => signIn.mutate(values))}
      other={{ question: 'No account yet?', to: '/register', label: 'Register' }}
    >
      <TextInput label="Username" autoComplete="username" autoFocus required {...form.getInputProps('username')} />
      <PasswordInput
        label="Password"
        mt="sm"
        autoComplete="current-password"
        required
        {...form.getInputProps('password')}
      />
    </AuthPage>
  )
}
