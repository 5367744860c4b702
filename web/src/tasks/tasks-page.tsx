import { Alert, Button, Group, Text } from '@mantine/core'
import { getRouteApi } from '@tanstack/react-router'
import { Plus } from 'lucide-react'
import { useCallback } from 'react'
import { formatDayOrTime } from '../app/format.ts'
import { Page } from '../app/page.tsx'
import { AsOfControl } from '../time/as-of-control.tsx'
import { ColumnMenu, useColumns } from './column-menu.tsx'
import { ExportMenu } from './export-menu.tsx'
import { FilterBar } from './filter-bar.tsx'
import { RefreshButton } from './refresh-button.tsx'
import type { TaskSearch } from './search.ts'
import { TaskDrawer } from './task-drawer.tsx'
import { TaskRows } from './task-rows.tsx'

const route = getRouteApi('/shell/tasks')

export function TasksPage() {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const { as_of } = search
  const { columns, chosen, setChosen } = useColumns()
  const change = useCallback(
    (changes: TaskSearch) => void navigate({ search: (before) => ({ ...before, ...changes }) }),
    [navigate],
  )
  return (
    <Page
      title="Tasks"
      fills
      actions={
        <Group gap="xs">
          <RefreshButton />
          <ExportMenu search={search} />
          <ColumnMenu chosen={chosen} setChosen={setChosen} />
          <Button
            leftSection={<Plus size={16} aria-hidden />}
            onClick={() => change({ task: 'new' })}
            disabled={Boolean(as_of)}
          >
            New task
          </Button>
        </Group>
      }
    >
      <FilterBar search={search} onChange={change}>
        <AsOfControl value={as_of} onChange={(value) => change({ as_of: value })} />
      </FilterBar>
      {as_of && <PastNotice asOf={as_of} search={search} />}
      <TaskRows search={search} columns={columns} onChange={change} />
      <TaskDrawer task={search.task} asOf={as_of} onClose={() => change({ task: undefined })} />
    </Page>
  )
}

function PastNotice({ asOf, search }: { asOf: string; search: TaskSearch }) {
  const navigate = route.useNavigate()
  const since = { ...search, as_of: undefined, updated_from: after(asOf), updated_to: undefined }
  return (
    <Alert color="yellow" p="xs" flex="none">
      <Group gap="sm">
        <Text size="sm">
          As it was {asOf.includes('T') ? 'at' : 'at the end of'} {formatDayOrTime(asOf)}. The last column says what has
          changed since.
        </Text>
        <Button size="compact-sm" variant="default" onClick={() => navigate({ search: since })}>
          What has changed since then
        </Button>
        <Button
          size="compact-sm"
          variant="default"
          onClick={() => navigate({ search: { ...search, as_of: undefined } })}
        >
          Back to now
        </Button>
      </Group>
    </Alert>
  )
}

/** When what follows that time begins: a day is its end. */
function after(asOf: string): string {
  if (asOf.includes('T')) return asOf
  const day = new Date(`${asOf}T00:00:00Z`)
  day.setUTCDate(day.getUTCDate() + 1)
  return day.toISOString().slice(0, 10)
}
