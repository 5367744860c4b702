import { Button, Group, MultiSelect, Popover, Select, SimpleGrid, Text, TextInput } from '@mantine/core'
import { DateInput } from '@mantine/dates'
import { useDebouncedCallback } from '@mantine/hooks'
import { Search, SlidersHorizontal } from 'lucide-react'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { capitalized, options, PRIORITIES, STATUSES } from './fields.ts'
import { isFiltered, NO_FILTER, type TaskSearch } from './search.ts'
import { AssigneeInput, LabelsInput } from './suggesting-inputs.tsx'
import { useProjects } from './task-queries.ts'

interface Props {
  search: TaskSearch
  /** Members that are undefined leave the filter. */
  onChange: (changes: TaskSearch) => void
  /** A board has a column for each status instead. */
  withoutStatus?: boolean
  /** Stands at the end. */
  children?: ReactNode
}

const TYPING_MS = 300
const list = (text: string | undefined) => text?.split(',') ?? []
const text = (values: string[]) => values.join(',') || undefined

/** The filter of the list. It stands in the address of the page, so what is shown here is what a link to it shows. */
export function FilterBar({ search, onChange, withoutStatus, children }: Props) {
  const [clears, setClears] = useState(0)
  const clear = () => {
    setClears(clears + 1)
    onChange(NO_FILTER)
  }
  return (
    <Group gap="xs" align="flex-start" role="search" aria-label="Filter">
      {/* Begun anew by Clear, with nothing left that it was about to tell. */}
      <SearchField key={clears} value={search.q ?? ''} onChange={(q) => onChange({ q: q || undefined })} />
      {!withoutStatus && (
        <WordsSelect
          label="Status"
          words={STATUSES}
          value={search.status}
          onChange={(status) => onChange({ status })}
        />
      )}
      <WordsSelect
        label="Priority"
        words={PRIORITIES}
        value={search.priority}
        onChange={(priority) => onChange({ priority })}
      />
      <MoreFilters search={search} onChange={onChange} />
      {isFiltered(search) && (
        <Button variant="subtle" onClick={clear}>
          Clear
        </Button>
      )}
      {children}
    </Group>
  )
}

interface WordsProps {
  label: string
  words: readonly string[]
  value: string | undefined
  onChange: (value: string | undefined) => void
}

/** One line, whatever is chosen: the first of it and how many more there are. All of it is in the list and the description. */
function WordsSelect({ label, words, value, onChange }: WordsProps) {
  const chosen = list(value)
  const names = chosen.map(capitalized).join(', ')
  return (
    <MultiSelect
      w={{ base: 'calc(50% - 5px)', xs: 210 }}
      aria-label={label}
      aria-description={names || undefined}
      placeholder={value ? undefined : `Any ${label.toLowerCase()}`}
      data={options(words)}
      value={chosen}
      renderPill={({ value: word }) =>
        word !== undefined &&
        word === chosen[0] && (
          <Text span size="sm" truncate title={names}>
            {capitalized(word)}
            {chosen.length > 1 && ` +${chosen.length - 1}`}
          </Text>
        )
      }
      onChange={(values) => onChange(text(values))}
      clearable
    />
  )
}

function SearchField({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const [typed, setTyped] = useState(value)
  const told = useRef(value)
  const tell = useDebouncedCallback((text: string) => {
    told.current = text
    onChange(text)
  }, TYPING_MS)
  // The back button, a link or Clear changes the address under the field; what the field has told itself does not come back.
  useEffect(() => {
    if (value === told.current) return
    tell.cancel()
    told.current = value
    setTyped(value)
  }, [value, tell])
  return (
    <TextInput
      flex={{ base: '1 1 100%', xs: '1 1 160px' }}
      maw={{ xs: 320 }}
      type="search"
      aria-label="Search in title and description"
      placeholder="Search"
      maxLength={200}
      leftSection={<Search size={16} aria-hidden />}
      value={typed}
      onChange={({ currentTarget }) => {
        setTyped(currentTarget.value)
        tell(currentTarget.value.trim())
      }}
    />
  )
}

function MoreFilters({ search, onChange }: Props) {
  const { projects } = useProjects()
  const [name, setName] = useState(search.assigned_user ?? '')
  // A link, or Clear, changes the address under the field.
  useEffect(() => setName(search.assigned_user ?? ''), [search.assigned_user])
  const [isOpen, setOpen] = useState(false)
  const inside = { comboboxProps: { withinPortal: false } }
  return (
    <Popover position="bottom-end" width="min(94vw, 580px)" trapFocus withRoles opened={isOpen} onChange={setOpen}>
      <Popover.Target>
        <Button
          variant="default"
          leftSection={<SlidersHorizontal size={16} aria-hidden />}
          onClick={() => setOpen(!isOpen)}
        >
          More filters
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label="More filters">
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="xs">
          <AssigneeInput
            label="Assigned to"
            description="A username, me or none"
            first={['me', 'none']}
            projectId={search.project_id ? Number(search.project_id) : undefined}
            value={name}
            onChange={setName}
            onOptionSubmit={(value) => onChange({ assigned_user: value })}
            onBlur={() => onChange({ assigned_user: name.trim() || undefined })}
            openOnFocus={false}
            {...inside}
          />
          <Select
            label="Project"
            description="One of those you are in"
            data={projects.map(({ id, name }) => ({ value: String(id), label: name }))}
            value={search.project_id ?? null}
            onChange={(value) => onChange({ project_id: value ?? undefined })}
            clearable
            searchable
            {...inside}
          />
          <LabelsInput
            label="Labels, all of them"
            value={list(search.label)}
            onChange={(values) => onChange({ label: text(values) })}
            {...inside}
          />
          <LabelsInput
            label="Labels, any of them"
            value={list(search.label_any)}
            onChange={(values) => onChange({ label_any: text(values) })}
            {...inside}
          />
          <Days label="Created" from="created_from" to="created_to" search={search} onChange={onChange} />
          <Days label="Updated" from="updated_from" to="updated_to" search={search} onChange={onChange} />
          <Days label="Due" from="due_from" to="due_to" search={search} onChange={onChange} />
        </SimpleGrid>
      </Popover.Dropdown>
    </Popover>
  )
}

type DayName = 'created_from' | 'created_to' | 'updated_from' | 'updated_to' | 'due_from' | 'due_to'

function Days({ label, from, to, search, onChange }: Props & { label: string; from: DayName; to: DayName }) {
  const day = (value: string | undefined) => value?.slice(0, 10) ?? null
  return (
    <Group gap="xs" grow wrap="nowrap" align="flex-end">
      {[from, to].map((name) => (
        <DateInput
          key={name}
          label={`${label} ${name === from ? 'from' : 'to'}`}
          value={day(search[name])}
          onChange={(value) => onChange({ [name]: value ?? undefined })}
          clearable
          clearButtonProps={{ 'aria-label': 'Clear' }}
          popoverProps={{ withinPortal: false }}
        />
      ))}
    </Group>
  )
}
