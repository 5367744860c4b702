import { PasswordInput, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useRef } from 'react'
import { api, data } from '../api/client.ts'
import { sentenceOf } from '../api/errors.ts'
import { newKey } from '../api/idempotency.ts'
import { placeErrors } from '../app/form-error.tsx'
import { AuthPage } from './auth-page.tsx'
import { session } from './session.ts'

export function RegisterPage() {
  const navigate = useNavigate()
  const makeAccount = useMakeAccount()
  const form = useForm({ mode: 'uncontrolled', initialValues: { username: '', email: '', password: '' } })
  const register = useMutation({
    mutationFn: async (values: typeof form.values) => {
      await makeAccount(values)
      await session.signIn(values.username, values.password).catch((error) => {
        throw new Error(`Your account is made, but you are not signed in yet. ${sentenceOf(error)}`)
      })
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

interface Account {
  username: string
  email: string
  password: string
}

/** The same account can be asked for again: one that is made already, by an answer that was lost too, is no name that is taken. */
function useMakeAccount() {
  const sent = useRef({ text: '', key: '' })
  return ({ username, email, password }: Account) => {
    const body = { username, password, email: email || null }
    const text = JSON.stringify(body)
    if (sent.current.text !== text) sent.current = { text, key: newKey() }
    const header = { 'idempotency-key': sent.current.key }
    return data(api.POST('/api/v1/auth/register', { params: { header }, body }))
  }
}
