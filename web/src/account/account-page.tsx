import { Text } from '@mantine/core'
import { Page } from '../app/page.tsx'

export function AccountPage() {
  return (
    <Page title="Account">
      <Text>This page is being built.</Text>
    </Page>
  )
}
