import { Table, Title } from '@mantine/core'
import { api, data } from '../api/client.ts'
import { AnchorLink } from '../app/anchor-link.tsx'
import { formatTime } from '../app/format.ts'
import { PagedTable, usePages } from '../app/paged-list.tsx'
import { capitalized } from '../tasks/fields.ts'

const COUNTS = ['Rows', 'Created', 'Updated', 'Rejected']

/** What became of files, latest first. */
export function ImportList() {
  const list = usePages(['imports'], (cursor, signal) =>
    data(api.GET('/api/v1/imports', { params: { query: { limit: 20, cursor } }, signal })),
  )
  return (
    <>
      <Title order={2} size="h4">
        Earlier imports
      </Title>
      <PagedTable
        label="Earlier imports"
        head={['File', 'When', 'State', ...COUNTS]}
        numbers={COUNTS}
        list={list}
        empty="Nothing has been imported yet"
        hint="Choose a file above."
        more="Show earlier ones"
        row={({ id, file_name, created_at, state, rows, created, updated, rejected }) => (
          <Table.Tr key={id}>
            <Table.Td>
              <AnchorLink to="/imports" search={{ id: String(id) }} size="sm">
                {file_name ?? `Import ${id}`}
              </AnchorLink>
            </Table.Td>
            <Table.Td>{formatTime(created_at)}</Table.Td>
            <Table.Td>{capitalized(state)}</Table.Td>
            {[rows, created, updated, rejected].map((count, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: four columns that stay in their places
              <Table.Td key={i} ta="right">
                {count.toLocaleString()}
              </Table.Td>
            ))}
          </Table.Tr>
        )}
      />
    </>
  )
}
