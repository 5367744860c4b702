import { Button, Group, Modal, PasswordInput, Text, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import type { FormEvent } from 'react'
import { FormError } from '../app/form-error.tsx'
import { session, useSessionEnded } from './session.ts'

/** Above drawers, whose Escape is not for it either. */
const ABOVE_ALL = 1_000
const keepsEscape = { 'data-mantine-stop-propagation': true }

/** Asks for the password when the session has ended, over the page, which stays as it is with all that was typed into it. */
export function SessionDialog({ username }: { username: string }) {
  const hasEnded = useSessionEnded()
  const signIn = useMutation({ mutationFn: (password: string) => session.signIn(username, password) })
  const onSubmit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    signIn.mutate(String(new FormData(event.currentTarget).get('password')))
  }
  return (
    <Modal
      opened={hasEnded}
      onClose={() => undefined}
      withCloseButton={false}
      closeOnEscape={false}
      closeOnClickOutside={false}
      title="Your session has ended"
      zIndex={ABOVE_ALL}
      overlayProps={{ blur: 4 }}
      onExitTransitionEnd={signIn.reset}
    >
      <form onSubmit={onSubmit}>
        <Text size="sm" mb="sm">
          Sign in to go on where you were. What you have typed is still there.
        </Text>
        <FormError error={signIn.error} />
        <TextInput label="Username" autoComplete="username" readOnly value={username} {...keepsEscape} />
        <PasswordInput
          label="Password"
          name="password"
          mt="sm"
          autoComplete="current-password"
          required
          data-autofocus
          {...keepsEscape}
        />
        <Group justify="space-between" mt="lg">
          <Button variant="default" onClick={() => session.giveUp()} {...keepsEscape}>
            Somebody else
          </Button>
          <Button type="submit" loading={signIn.isPending} {...keepsEscape}>
            Sign in
          </Button>
        </Group>
      </form>
    </Modal>
  )
}
