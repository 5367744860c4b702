import { Group, Stack, Title } from '@mantine/core'
import { type ReactNode, useEffect } from 'react'

export const HEADER_PIXELS = 48

interface Props {
  title: string
  actions?: ReactNode
  /** Takes the height of the window, for content that scrolls by itself. */
  fills?: boolean
  children: ReactNode
}

/** A page: its heading, which is the title of the tab as well, what can be done at its right, and its content. */
export function Page({ title, actions, fills, children }: Props) {
  useEffect(() => {
    document.title = `${title} · Tasklog`
  }, [title])
  return (
    <Stack
      gap="sm"
      h={fills ? `calc(100dvh - ${HEADER_PIXELS}px - 2 * var(--mantine-spacing-md))` : undefined}
      mih={fills ? 560 : undefined}
    >
      <Group justify="space-between" gap="xs">
        {/* Can be given the focus where what had it is gone. */}
        <Title order={1} size="h3" tabIndex={-1}>
          {title}
        </Title>
        {actions}
      </Group>
      {children}
    </Stack>
  )
}
