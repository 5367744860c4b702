import { PasswordInput, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { api, data } from '../api/client.ts'
import { placeErrors } from '../app/form-error.tsx'
import { AuthPage } from './auth-page.tsx'
import { session } from './session.ts'

export function RegisterPage() {
  const navigate = useNavigate()
  const form = useForm({ mode: 'uncontrolled', initialValues: { username: '', email: '', password: '' } })
  const register = useMutation({
    mutationFn: async ({ username, email, password }: typeof form.values) => {
      await data(api.POST('/api/v1/auth/register', { body: { username, password, email: email || null } }))
      await session.signIn(username, password)
    },
    onSuccess: () => navigate({ to: '/tasks' }),
    onError: (error) => placeErrors(form, error),
  })
  return (
    <AuthPage
      title="Register"
      error={register.error}
      form={form}
      isPending={register.isPending}
      onSubmit={form.onSubmit((values) => register.mutate(values))}
      other={{ question: 'You have an account?', to: '/sign-in', label: 'Sign in' }}
    >
      <TextInput label="Username" autoComplete="username" autoFocus required {...form.getInputProps('username')} />
      <TextInput
        label="Email, if you like"
        type="email"
        autoComplete="email"
        mt="sm"
        {...form.getInputProps('email')}
      />
      <PasswordInput
        label="Password"
        description="8 to 200 characters of any kind"
        mt="sm"
        autoComplete="new-password"
        required
        {...form.getInputProps('password')}
      />
    </AuthPage>
  )
}
