import { Button, Group, Loader, Text } from '@mantine/core'
import { useCallback, useMemo } from 'react'
import { mayPass, sentenceOf } from '../api/errors.ts'
import { hasModifier } from '../app/modifiers.ts'
import { BASE_PATH, stringifySearch } from '../app/search-params.ts'
import { Empty, Failed } from '../app/states.tsx'
import { NOW_COLUMN } from '../time/now-cell.tsx'
import { tasks } from './changes.tsx'
import type { CellContext, Column } from './columns.tsx'
import { isFiltered, type TaskSearch } from './search.ts'
import { SelectionBar, useSelection } from './selection-bar.tsx'
import { rowsOf, useTaskCount, useTaskList } from './task-list.ts'
import { useProjects } from './task-queries.ts'
import { MOST_ROWS, TaskTable } from './task-table.tsx'

interface Props {
  search: TaskSearch
  columns: Column[]
  onChange: (changes: TaskSearch) => void
}

/** The table, and what is known of it. Apart from the rest of the page, which a new page of rows leaves as it is. */
export function TaskRows({ search, columns, onChange }: Props) {
  const { sort = '-created_at', as_of } = search
  const list = useTaskList(search)
  const rows = useMemo(() => rowsOf(list.data?.pages), [list.data])
  const shown = useMemo(() => (as_of ? [...columns, NOW_COLUMN] : columns), [columns, as_of])
  const selection = useSelection(rows, search)
  const { fetchNextPage, refetch, hasNextPage, isFetchNextPageError } = list
  // Asked for while it is on its way already, it is the same one.
  const loadMore = useCallback(() => void fetchNextPage({ cancelRefetch: false }), [fetchNextPage])
  const onSort = useCallback(
    () => onChange({ sort: sort === 'created_at' ? undefined : 'created_at' }),
    [onChange, sort],
  )
  const context = useCellContext(search, onChange)
  const isWorthMore = isFetchNextPageError && mayPass(list.error)
  if (list.error && rows.length === 0) return <Failed error={list.error} retry={() => refetch()} />
  return (
    <>
      <TaskTable
        rows={rows}
        columns={shown}
        context={context}
        sort={sort as 'created_at' | '-created_at'}
        onSort={onSort}
        // After a failed one somebody has to say so: it would be asked for again at once.
        hasMore={hasNextPage && !isFetchNextPageError && rows.length < MOST_ROWS}
        loadMore={loadMore}
        selection={as_of ? undefined : selection}
      >
        {list.isPending && <Loader m="md" />}
        {!list.isPending && rows.length === 0 && <NoTasks search={search} onChange={onChange} />}
      </TaskTable>
      <Group justify="space-between" mih={24}>
        <Text size="sm" c="dimmed" role="status">
          {list.isPending ? (
            'Loading'
          ) : hasNextPage ? (
            <Loaded rows={rows.length} search={search} />
          ) : (
            tasks(rows.length)
          )}
        </Text>
        {isWorthMore && (
          <Button size="xs" variant="default" onClick={loadMore}>
            The next ones could not be loaded. Try again
          </Button>
        )}
        {list.data && list.error && !isWorthMore && (
          <Text size="sm" c="red" role="alert">
            {isFetchNextPageError ? 'The next ones could not be loaded.' : 'This could not be read again.'}{' '}
            {sentenceOf(list.error)}
          </Text>
        )}
      </Group>
      {!as_of && <SelectionBar selection={selection} search={search} hasMore={hasNextPage} />}
    </>
  )
}

/** How far one has come. */
function Loaded({ rows, search }: { rows: number; search: TaskSearch }) {
  const { data: found } = useTaskCount(search)
  if (rows >= MOST_ROWS) return `${tasks(rows)} loaded, the most there can be: narrow the filter`
  if (!found) return `${tasks(rows)} loaded, more below`
  return `${rows.toLocaleString()} of ${found.capped ? 'more than ' : ''}${tasks(found.count)} loaded`
}

/** Stays the same until the filter or a name changes. */
function useCellContext(search: TaskSearch, onChange: Props['onChange']): CellContext {
  const { nameOf } = useProjects()
  const { task: _, ...filter } = search
  const list = stringifySearch(filter)
  return useMemo(
    () => ({
      projectName: nameOf,
      hrefOf: (id) => `${BASE_PATH}/tasks${list ? `${list}&` : '?'}task=${id}`,
      open: (event) => {
        if (hasModifier(event)) return // in another tab or window
        event.preventDefault()
        onChange({ task: event.currentTarget.dataset.task })
      },
    }),
    [nameOf, list, onChange],
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
