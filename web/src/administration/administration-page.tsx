import { Tabs } from '@mantine/core'
import { getRouteApi } from '@tanstack/react-router'
import { Page } from '../app/page.tsx'
import { ImportList } from '../imports/import-list.tsx'
import { ProjectList } from '../projects/project-list.tsx'
import { Jobs } from './jobs.tsx'
import { Users } from './users.tsx'

const route = getRouteApi('/shell/administration')
const TABS = { users: 'Users', projects: 'Projects', imports: 'Imports', jobs: 'Jobs' } as const

/** For administrators: who may do what, and what runs in the background. The imports are those of everybody. */
export function AdministrationPage() {
  const { tab: asked = '' } = route.useSearch()
  const tab = Object.hasOwn(TABS, asked) ? asked : 'users'
  const navigate = route.useNavigate()
  return (
    <Page title="Administration">
      <Tabs value={tab} onChange={(tab) => void navigate({ search: { tab: tab ?? undefined } })} keepMounted={false}>
        <Tabs.List mb="sm">
          {Object.entries(TABS).map(([value, label]) => (
            <Tabs.Tab key={value} value={value}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="users">
          <Users />
        </Tabs.Panel>
        <Tabs.Panel value="projects">
          <ProjectList />
        </Tabs.Panel>
        <Tabs.Panel value="imports">
          <ImportList />
        </Tabs.Panel>
        <Tabs.Panel value="jobs">
          <Jobs />
        </Tabs.Panel>
      </Tabs>
    </Page>
  )
}
