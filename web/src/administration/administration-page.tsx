import { Text } from '@mantine/core'
import { Page } from '../app/page.tsx'

export function AdministrationPage() {
  return (
    <Page title="Administration">
      <Text>This page is being built.</Text>
    </Page>
  )
}
