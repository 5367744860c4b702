import { Checkbox, Popover, Stack } from '@mantine/core'
import { useLocalStorage } from '@mantine/hooks'
import { Columns3 } from 'lucide-react'
import { useMemo } from 'react'
import { ToolButton } from '../app/tool-button.tsx'
import { COLUMNS, DEFAULT_COLUMNS } from './columns.tsx'

/** The columns that somebody has chosen, kept in this browser. */
export function useColumns() {
  const [chosen, setChosen] = useLocalStorage({
    key: 'tasklog-columns',
    defaultValue: DEFAULT_COLUMNS,
    getInitialValueInEffect: false,
  })
  const columns = useMemo(() => COLUMNS.filter(({ id }) => id === 'title' || chosen.includes(id)), [chosen])
  return { columns, chosen, setChosen }
}

export function ColumnMenu({ chosen, setChosen }: Pick<ReturnType<typeof useColumns>, 'chosen' | 'setChosen'>) {
  return (
    <Popover position="bottom-end" trapFocus withRoles>
      <Popover.Target>
        <ToolButton icon={Columns3} label="Columns" />
      </Popover.Target>
      <Popover.Dropdown aria-label="Columns">
        <Checkbox.Group value={chosen} onChange={setChosen} label="Shown in the table">
          <Stack gap="xs" mt="xs">
            {COLUMNS.filter(({ id }) => id !== 'title').map(({ id, label }) => (
              <Checkbox key={id} value={id} label={label} />
            ))}
          </Stack>
        </Checkbox.Group>
      </Popover.Dropdown>
    </Popover>
  )
}
