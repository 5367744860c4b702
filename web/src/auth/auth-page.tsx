import { Anchor, Button, Center, Container, Paper, Text, Title } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { type FormEventHandler, type ReactNode, useEffect } from 'react'
import { type Form, FormError } from '../app/form-error.tsx'

interface Props {
  /** What the page is for, and what its button does. */
  title: string
  error: unknown
  /** The fields that say themselves what is wrong with them. */
  form?: Form
  isPending: boolean
  onSubmit: FormEventHandler<HTMLFormElement>
  /** For who is wrong here. */
  other: { question: string; to: '/sign-in' | '/register'; label: string }
  /** The fields. */
  children: ReactNode
}

/** A page for somebody who is not signed in: a form, and the way to the other one. */
export function AuthPage({ title, error, form, isPending, onSubmit, other, children }: Props) {
  useEffect(() => {
    document.title = `${title} · Tasklog`
  }, [title])
  return (
    <Center mih="100dvh" component="main">
      <Container size={400} w="100%">
        <Text ta="center" fw={700} mb="xs">
          Tasklog
        </Text>
        <Paper withBorder p="lg">
          <Title order={1} size="h3" mb="md">
            {title}
          </Title>
          <form onSubmit={onSubmit}>
            <FormError error={error} form={form} />
            {children}
            <Button type="submit" fullWidth mt="lg" loading={isPending}>
              {title}
            </Button>
          </form>
          <Text size="sm" mt="md">
            {other.question}{' '}
            <Anchor component={Link} to={other.to} underline="always">
              {other.label}
            </Anchor>
          </Text>
        </Paper>
      </Container>
    </Center>
  )
}
