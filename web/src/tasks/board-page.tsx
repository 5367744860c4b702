import { Text } from '@mantine/core'
import { Page } from '../app/page.tsx'

export function BoardPage() {
  return (
    <Page title="Board">
      <Text>This page is being built.</Text>
    </Page>
  )
}
