import { List, Table, Title } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { api, data } from '../api/client.ts'
import type { components } from '../api/schema.d.ts'
import { PagedTable, usePages } from '../app/paged-list.tsx'
import styles from './import-errors.module.css'
import { readRejected } from './rejected-rows.ts'
import type { Import } from './requests.ts'

type ImportError = components['schemas']['ImportError']
const NONE: string[][] = []

/** The rows that could not be taken, as they stand in the file, with every cell marked that is the reason. */
export function ImportErrors({ row: { id, columns } }: { row: Import }) {
  const errors = usePages(['imports', String(id), 'errors'], (cursor, signal) => {
    const params = { path: { id: String(id) }, query: { limit: 50, cursor } }
    return data(api.GET('/api/v1/imports/{id}/errors', { params, signal }))
  })
  const lines = Map.groupBy(errors.items ?? [], ({ line }) => line)
  const { data: records = NONE } = useQuery({
    queryKey: ['imports', String(id), 'rejected', lines.size],
    queryFn: ({ signal }) => readRejected(String(id), lines.size, signal),
    enabled: lines.size > 0,
    placeholderData: keepPreviousData,
  })
  const rows = errors.items && Array.from(lines, ([line, errors], i) => ({ line, errors, record: records[i] }))
  return (
    <>
      <Title order={2} size="h4">
        Rows that cannot be taken
      </Title>
      <PagedTable
        label="Rows that cannot be taken"
        head={['Line', ...columns.map(({ name }, i) => name || `Column ${i + 1}`), 'Why']}
        numbers={['Line']}
        miw={160 * (columns.length + 2)}
        list={{ ...errors, items: rows }}
        empty="There are none"
        row={({ line, errors, record }) => (
          <Table.Tr key={line}>
            <Table.Td ta="right">{line}</Table.Td>
            {columns.map(({ name }, i) => {
              const error = errors.find(({ column }) => column === name)
              return (
                // biome-ignore lint/suspicious/noArrayIndexKey: columns have no other name that is their own
                <Table.Td key={i} className={styles.cell} data-rejected={error !== undefined || undefined}>
                  {cellOf(record, errors, i) ?? error?.value}
                </Table.Td>
              )
            })}
            <Table.Td>
              <List size="sm" listStyleType="none">
                {errors.map(({ column, code, message }) => (
                  <List.Item key={`${column} ${code}`}>
                    {column ?? 'The row'} {message}
                  </List.Item>
                ))}
              </List>
            </Table.Td>
          </Table.Tr>
        )}
      />
    </>
  )
}

/** The file may have been changed under it by an import that goes on: what is not that row is not shown as it. */
const cellOf = (record: string[] | undefined, [first]: ImportError[], column: number) =>
  first && record?.[0]?.includes(first.message) ? record[column + 1] : undefined
