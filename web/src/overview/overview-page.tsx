import { Button, Card, Group, Select, SimpleGrid, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { api, data } from '../api/client.ts'
import { AnchorLink } from '../app/anchor-link.tsx'
import { Page } from '../app/page.tsx'
import { PageLoading } from '../app/page-loading.tsx'
import { Failed } from '../app/states.tsx'
import { capitalized, PRIORITIES, STATUSES } from '../tasks/fields.ts'
import { OPEN, type TaskSearch } from '../tasks/search.ts'
import { useProjects } from '../tasks/task-queries.ts'
import { Bars } from './bars.tsx'
import { OpenChart, WeekChart } from './charts.tsx'

const route = getRouteApi('/shell/overview')

/** Numbers at a glance. Each leads to the list of the tasks that it counts. */
export function OverviewPage() {
  const { project_id } = route.useSearch()
  const navigate = route.useNavigate()
  const { projects } = useProjects()
  const query = project_id ? { project_id: Number(project_id) } : {}
  const present = useQuery({
    queryKey: ['overview', project_id],
    queryFn: ({ signal }) => data(api.GET('/api/v1/overview', { params: { query }, signal })),
  })
  // Together: the server counts the days and the weeks of a quarter at once.
  const days = usePeriods('day', query)
  const weeks = usePeriods('week', query)
  const search = (more: TaskSearch): TaskSearch => ({ ...(project_id ? { project_id } : {}), ...more })
  const show = (more: TaskSearch) => void navigate({ to: '/tasks', search: search(more) })
  const { data: now } = present
  return (
    <Page
      title="Overview"
      actions={
        <Select
          aria-label="Project"
          placeholder="All projects"
          clearable
          clearButtonProps={{ 'aria-label': 'All projects' }}
          data={projects.map(({ id, name }) => ({ value: String(id), label: name }))}
          value={project_id ?? null}
          onChange={(value) => void navigate({ search: value ? { project_id: value } : {} })}
        />
      }
    >
      {present.isPending && <PageLoading />}
      {present.error && (
        <Failed error={present.error} retry={present.refetch}>
          <Button size="xs" variant="default" component={Link} to="/overview">
            Show all projects
          </Button>
        </Failed>
      )}
      {now && (
        <SimpleGrid cols={{ base: 1, xs: 3 }}>
          <Figure label="Open" count={now.open} search={search({ status: OPEN })} />
          <Figure label="Overdue" count={now.overdue} search={search({ status: OPEN, due_to: now.overdue_to })} />
          <Figure label="All tasks" count={now.tasks} search={search({})} />
        </SimpleGrid>
      )}
      <SimpleGrid cols={{ base: 1, lg: 2 }} style={{ alignItems: 'start' }}>
        <Panel title="Open tasks at the end of each day">
          <Loaded of={days}>{(items) => <OpenChart items={items} search={search} show={show} />}</Loaded>
        </Panel>
        <Panel title="Created and completed each week">
          <Loaded of={weeks}>{(items) => <WeekChart items={items} search={search} show={show} />}</Loaded>
        </Panel>
      </SimpleGrid>
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} style={{ alignItems: 'start' }}>
        {now && (
          <>
            <Panel title="By status">
              <Bars
                rows={STATUSES.map((status) => ({
                  label: capitalized(status),
                  count: now.by_status[status] ?? 0,
                  search: search({ status }),
                }))}
              />
            </Panel>
            <Panel title="Open tasks by priority">
              <Bars
                rows={PRIORITIES.map((priority) => ({
                  label: capitalized(priority),
                  count: now.by_priority[priority] ?? 0,
                  search: search({ status: OPEN, priority }),
                }))}
              />
            </Panel>
            <Panel title="Open tasks by person">
              <Bars
                rows={now.by_assignee.map(({ assigned_user, open, overdue }) => ({
                  label: assigned_user ?? 'Nobody',
                  count: open,
                  note: overdue > 0 ? `${overdue.toLocaleString()} overdue` : undefined,
                  search: search({ status: OPEN, assigned_user: assigned_user ?? 'none' }),
                }))}
              />
            </Panel>
          </>
        )}
      </SimpleGrid>
    </Page>
  )
}

function usePeriods(period: 'day' | 'week', query: { project_id?: number }) {
  return useQuery({
    queryKey: ['overview', 'periods', period, query.project_id],
    queryFn: async ({ signal }) =>
      (await data(api.GET('/api/v1/overview/periods', { params: { query: { ...query, period } }, signal }))).items,
  })
}

function Loaded<T>({
  of,
  children,
}: {
  of: { data?: T; error: unknown; refetch: () => void }
  children: (data: T) => ReactNode
}) {
  if (of.error) return <Failed error={of.error} retry={of.refetch} />
  return of.data === undefined ? <PageLoading /> : children(of.data)
}

function Panel({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Card withBorder padding="sm">
      <Stack gap="xs">
        <Title order={2} size="h5">
          {title}
        </Title>
        {children}
      </Stack>
    </Card>
  )
}

function Figure({ label, count, search }: { label: string; count: number; search: TaskSearch }) {
  return (
    <Card withBorder padding="sm">
      <Group justify="space-between" align="baseline">
        <Text>{label}</Text>
        <AnchorLink to="/tasks" search={search} fz="xl" fw={700} aria-label={`${label}: ${count}`}>
          {count.toLocaleString()}
        </AnchorLink>
      </Group>
    </Card>
  )
}
