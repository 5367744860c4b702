import { Center, Container, Paper, Text, Title } from '@mantine/core'
import { type ReactNode, useEffect } from 'react'

/** A page for somebody who is not signed in. */
export function AuthPage({ title, children }: { title: string; children: ReactNode }) {
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
          {children}
        </Paper>
      </Container>
    </Center>
  )
}
