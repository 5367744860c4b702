import { Text } from '@mantine/core'
import { Page } from '../app/page.tsx'

export function TasksPage() {
  return (
    <Page title="Tasks">
      <Text>This page is being built.</Text>
    </Page>
  )
}
