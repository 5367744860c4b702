import { Alert, Button, Group, Loader, Text } from '@mantine/core'
import { getRouteApi } from '@tanstack/react-router'
import { Plus, RefreshCw } from 'lucide-react'
import { useCallback, useMemo } from 'react'
import { formatDayOrTime } from '../app/format.ts'
import { Page } from '../app/page.tsx'
import { Empty, Failed } from '../app/states.tsx'
import { AsOfControl } from '../time/as-of-control.tsx'
import { NOW_COLUMN } from '../time/now-cell.tsx'
import { tasks } from './changes.tsx'
import { ColumnMenu, useColumns } from './column-menu.tsx'
import { ExportMenu } from './export-menu.tsx'
import { FilterBar } from './filter-bar.tsx'
import { isFiltered, type TaskSearch } from './search.ts'
import { SelectionBar, useSelection } from './selection-bar.tsx'
import { TaskDrawer } from './task-drawer.tsx'
import { useTaskList } from './task-list.ts'
import { TaskTable } from './task-table.tsx'

const route = getRouteApi('/shell/tasks')

export function TasksPage() {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const { sort = '-created_at', as_of } = search
  const list = useTaskList(search)
  const rows = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data])
  const { columns, chosen, setChosen } = useColumns()
  const shown = useMemo(() => (as_of ? [...columns, NOW_COLUMN] : columns), [columns, as_of])
  const selection = useSelection(rows, search)

  const change = (changes: TaskSearch) => void navigate({ search: (before) => ({ ...before, ...changes }) })
  const { fetchNextPage, isFetchingNextPage, hasNextPage } = list
  const loadMore = useCallback(() => {
    if (!isFetchingNextPage) void fetchNextPage()
  }, [fetchNextPage, isFetchingNextPage])

  return (
    <Page
      title="Tasks"
      fills
      actions={
        <Group gap="xs">
          <Button variant="default" leftSection={<RefreshCw size={16} aria-hidden />} onClick={() => list.refetch()}>
            Refresh
          </Button>
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
      {list.error && rows.length === 0 ? (
        <Failed error={list.error} retry={() => list.refetch()} />
      ) : (
        <TaskTable
          rows={rows}
          columns={shown}
          sort={sort as 'created_at' | '-created_at'}
          onSort={() => change({ sort: sort === 'created_at' ? undefined : 'created_at' })}
          hasMore={hasNextPage}
          loadMore={loadMore}
          selection={as_of ? undefined : selection}
        >
          {list.isPending && <Loader m="md" />}
          {!list.isPending && rows.length === 0 && <NoTasks search={search} onChange={change} />}
        </TaskTable>
      )}
      <Group justify="space-between" mih={24}>
        <Text size="sm" c="dimmed" role="status">
          {list.isPending ? 'Loading' : `${tasks(rows.length)}${hasNextPage ? ' loaded, more below' : ''}`}
        </Text>
        {list.isFetchNextPageError && (
          <Button size="xs" variant="default" onClick={() => fetchNextPage()}>
            The next ones could not be loaded. Try again
          </Button>
        )}
      </Group>
      {!as_of && <SelectionBar selection={selection} search={search} hasMore={hasNextPage} />}
      <TaskDrawer task={search.task} asOf={as_of} onClose={() => change({ task: undefined })} />
    </Page>
  )
}

function PastNotice({ asOf, search }: { asOf: string; search: TaskSearch }) {
  const navigate = route.useNavigate()
  const since = { ...search, as_of: undefined, updated_from: asOf, updated_to: undefined }
  return (
    <Alert color="yellow" p="xs">
      <Group gap="sm">
        <Text size="sm">
          As it was {asOf.includes('T') ? 'at' : 'at the end of'} {formatDayOrTime(asOf)}. The last column says what has
          changed since.
        </Text>
        <Button size="compact-sm" variant="default" onClick={() => navigate({ search: since })}>
          What has changed since then
        </Button>
      </Group>
    </Alert>
  )
}

function NoTasks({ search, onChange }: { search: TaskSearch; onChange: (changes: TaskSearch) => void }) {
  if (search.as_of) return <Empty title="Nothing then">There was no such task at that time. Choose a later one.</Empty>
  if (isFiltered(search)) return <Empty title="No task matches">Loosen the filter, or clear it.</Empty>
  return (
    <Empty title="No tasks yet">
      <Button onClick={() => onChange({ task: 'new' })}>Make the first one</Button>
    </Empty>
  )
}
