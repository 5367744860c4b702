import { Button, Group, Menu, Paper, Popover, Stack, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { Trash2, X } from 'lucide-react'
import { type ReactNode, useCallback, useEffect, useMemo, useState } from 'react'
import type { Task } from '../api/client.ts'
import { notifyError } from '../app/notify.tsx'
import { type Changes, changeSelected, deleteSelected, type Selection, tasks } from './changes.tsx'
import { options, PRIORITIES, type Priority, STATUSES, type Status } from './fields.ts'
import { isFiltered, type TaskSearch } from './search.ts'
import { AssigneeInput, LabelsInput } from './suggesting-inputs.tsx'
import type { Rows } from './task-list.ts'
import { WholeDialog, type WholeWork } from './whole-dialog.tsx'

const NONE: Task[] = []

/** The rows that are selected. Another filter begins anew: nothing is changed that is not in sight of it. */
export function useSelection(rows: Rows, search: TaskSearch) {
  const [ids, setIds] = useState<ReadonlySet<number>>(new Set())
  /** All that the filter matches, loaded or not; until a single row is ticked or unticked. */
  const [isWhole, setWhole] = useState(false)
  const { task: _, ...filter } = search
  const key = JSON.stringify(filter)
  const select = useCallback((change: (before: ReadonlySet<number>) => ReadonlySet<number>) => {
    setWhole(false)
    setIds(change)
  }, [])
  const clear = useCallback(() => select(() => new Set()), [select])
  // biome-ignore lint/correctness/useExhaustiveDependencies: on every other filter
  useEffect(clear, [key])
  const toggle = useCallback(
    (id: number) =>
      select((before) => {
        const after = new Set(before)
        if (!after.delete(id)) after.add(id)
        return after
      }),
    [select],
  )
  const toggleAll = useCallback(
    () => select((before) => (before.size === rows.length ? new Set() : new Set(rows.slice().map((row) => row.id)))),
    [select, rows],
  )
  const selectWhole = useCallback(() => setWhole(true), [])
  const chosen = useMemo(() => (ids.size === 0 ? NONE : rows.slice().filter(({ id }) => ids.has(id))), [rows, ids])
  return { ids, chosen, isWhole: isWhole && chosen.length > 0, toggle, toggleAll, selectWhole, clear }
}

interface Props {
  selection: ReturnType<typeof useSelection>
  search: TaskSearch
  hasMore: boolean
}

/** What can be done with the selected tasks, while there are any. */
export function SelectionBar({ selection, search, hasMore }: Props) {
  const { chosen, isWhole, clear } = selection
  const [asked, setAsked] = useState<WholeWork>()
  const target: Selection = isWhole ? { filter: search } : { ids: chosen.map(({ id }) => id) }
  const change = useMutation({
    mutationFn: (changes: Changes) => changeSelected(target, changes),
    onError: notifyError,
    onSuccess: clear,
  })
  const remove = useMutation({ mutationFn: () => deleteSelected(target), onError: notifyError, onSuccess: clear })
  if (chosen.length === 0) return null
  // What is not in sight is changed only after it was said how much it is.
  const start = (work: WholeWork) => (isWhole ? setAsked(work) : work.run())
  const changeTo = (changes: Changes) => start({ verb: 'Change', run: () => change.mutate(changes) })
  return (
    <Paper
      // Below the rows and in sight, but over none of them.
      style={{ position: 'sticky', bottom: 'var(--mantine-spacing-xs)', zIndex: 150 }}
      withBorder
      shadow="md"
      p="xs"
      component="section"
      aria-label="Selected tasks"
    >
      <Group gap="xs">
        <Text size="sm" fw={600} role="status">
          {isWhole ? 'All that match' : tasks(chosen.length)} selected
        </Text>
        {hasMore && !isWhole && isFiltered(search) && (
          <Button size="compact-sm" variant="subtle" onClick={selection.selectWhole}>
            Select all that match the filter
          </Button>
        )}
        <ChangeMenu label="Status" words={STATUSES} onChoose={(status) => changeTo({ status: status as Status })} />
        <ChangeMenu
          label="Priority"
          words={PRIORITIES}
          onChoose={(priority) => changeTo({ priority: priority as Priority })}
        />
        <AssignButton projectId={chosen[0]?.project_id} onChoose={(name) => changeTo({ assigned_user: name })} />
        <LabelsButton onChoose={(labels) => changeTo({ labels })} />
        <Button
          size="compact-sm"
          color="red"
          variant="light"
          leftSection={<Trash2 size={14} aria-hidden />}
          loading={remove.isPending}
          onClick={() => start({ verb: 'Delete', run: () => remove.mutate() })}
        >
          Delete
        </Button>
        <Button size="compact-sm" variant="subtle" leftSection={<X size={14} aria-hidden />} onClick={clear}>
          Deselect
        </Button>
      </Group>
      {asked && <WholeDialog work={asked} search={search} onClose={() => setAsked(undefined)} />}
    </Paper>
  )
}

function ChangeMenu(props: { label: string; words: readonly string[]; onChoose: (word: string) => void }) {
  return (
    <Menu>
      <Menu.Target>
        <Button size="compact-sm" variant="default">
          {props.label}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {options(props.words).map(({ value, label }) => (
          <Menu.Item key={value} onClick={() => props.onChoose(value)}>
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}

function AssignButton({ projectId, onChoose }: { projectId?: number; onChoose: (name: string | null) => void }) {
  const [name, setName] = useState('')
  return (
    <ApplyPopover label="Assign" apply="Assign" onApply={() => onChoose(name.trim() || null)}>
      <AssigneeInput
        label="Assign to"
        description="Nobody when empty"
        projectId={projectId}
        value={name}
        onChange={setName}
        comboboxProps={{ withinPortal: false }}
      />
    </ApplyPopover>
  )
}

function LabelsButton({ onChoose }: { onChoose: (labels: string[]) => void }) {
  const [labels, setLabels] = useState<string[]>([])
  return (
    <ApplyPopover label="Labels" apply="Set the labels" onApply={() => onChoose(labels)}>
      <LabelsInput
        label="Labels, in place of those they have"
        value={labels}
        onChange={setLabels}
        maxTags={20}
        comboboxProps={{ withinPortal: false }}
      />
    </ApplyPopover>
  )
}

interface ApplyProps {
  label: string
  /** What its button says. */
  apply: string
  onApply: () => void
  children: ReactNode
}

/** A field that is filled first and then applied. */
function ApplyPopover({ label, apply, onApply, children }: ApplyProps) {
  const [isOpen, setOpen] = useState(false)
  const done = () => {
    setOpen(false)
    onApply()
  }
  return (
    <Popover trapFocus withRoles opened={isOpen} onChange={setOpen}>
      <Popover.Target>
        <Button size="compact-sm" variant="default" onClick={() => setOpen(!isOpen)}>
          {label}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={label}>
        <Stack gap="xs">
          {children}
          <Button size="xs" onClick={done}>
            {apply}
          </Button>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  )
}
