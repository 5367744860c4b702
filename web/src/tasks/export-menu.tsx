import { Menu } from '@mantine/core'
import { Download } from 'lucide-react'
import { download } from '../api/download.ts'
import { notifyError } from '../app/notify.tsx'
import { ToolButton } from '../app/tool-button.tsx'
import { listQuery, type TaskSearch } from './search.ts'

const FORMATS = { csv: 'CSV', xlsx: 'Workbook (XLSX)', ndjson: 'NDJSON' }

/** All tasks of the list as one file, with its filter and as of its time. */
export function ExportMenu({ search }: { search: TaskSearch }) {
  const { sort: _, ...filter } = listQuery(search)
  const query = new URLSearchParams(Object.entries(filter).map(([name, value]) => [name, String(value)]))
  const save = (format: string) => download(`/api/v1/tasks.${format}?${query}`).catch(notifyError)
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ToolButton icon={Download} label="Export" />
      </Menu.Target>
      <Menu.Dropdown>
        {Object.entries(FORMATS).map(([format, label]) => (
          <Menu.Item key={format} onClick={() => save(format)}>
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
