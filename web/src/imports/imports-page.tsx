import { Text } from '@mantine/core'
import { Page } from '../app/page.tsx'

export function ImportsPage() {
  return (
    <Page title="Imports">
      <Text>This page is being built.</Text>
    </Page>
  )
}
