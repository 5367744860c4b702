import { Group, Stack, Title } from '@mantine/core'
import { type ReactNode, useEffect } from 'react'

/** A page: its heading, which is the title of the tab as well, what can be done at its right, and its content. */
export function Page({ title, actions, children }: { title: string; actions?: ReactNode; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Tasklog`
  }, [title])
  return (
    <Stack gap="sm" h="100%">
      <Group justify="space-between" gap="xs">
        <Title order={1} size="h3">
          {title}
        </Title>
        {actions}
      </Group>
      {children}
    </Stack>
  )
}
