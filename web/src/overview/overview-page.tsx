import { Text } from '@mantine/core'
import { Page } from '../app/page.tsx'

export function OverviewPage() {
  return (
    <Page title="Overview">
      <Text>This page is being built.</Text>
    </Page>
  )
}
