import { Text } from '@mantine/core'
import { Page } from '../app/page.tsx'

export function TrashPage() {
  return (
    <Page title="Trash">
      <Text>This page is being built.</Text>
    </Page>
  )
}
