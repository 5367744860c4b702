import { Button, Checkbox, Group, Select, Table, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { FormError } from '../app/form-error.tsx'
import { ScrollTable } from '../app/scroll-table.tsx'
import { capitalized, FIELD_LABELS } from '../tasks/fields.ts'
import { checkFile, type Preview, type PreviewRequest } from './requests.ts'

export type Reading = Pick<PreviewRequest, 'encoding' | 'delimiter'>

const READINGS = {
  encoding: ['utf-8', 'utf-16le', 'utf-16be', 'windows-1252', 'iso-8859-1'],
  delimiter: ['comma', 'semicolon', 'tab', 'pipe'],
} satisfies { [Name in keyof Reading]: Reading[Name][] }
const { project_id: _, ...WRITTEN } = FIELD_LABELS
/** What a column can become. */
const FIELDS = { ...WRITTEN, created_at: 'Created' }
const LEFT_OUT = 'none'
const FORMATS = { MDY: 'Month first (12/31/2025)', DMY: 'Day first (31/12/2025)' }
const isDate = (field: string | null) => field === 'created_at' || field === 'due_date'

interface Props {
  file: File
  projectId: string
  /** Undefined for a workbook, which says itself how it is to be read. */
  preview: Preview | undefined
  onChecked: (id: number) => void
}

interface ReadingProps {
  /** As chosen, or as found out; empty where that failed. */
  value: Reading
  onChange: (reading: Reading) => void
}

/** How the file is read: also, and above all, when it cannot be read as it was. */
export function ReadingOptions({ value, onChange }: ReadingProps) {
  return (
    <Group gap="xs">
      {Object.entries(READINGS).map(([name, data]) => (
        <Select
          key={name}
          label={capitalized(name)}
          placeholder="Found out"
          data={data}
          allowDeselect={false}
          value={value[name as keyof Reading] ?? null}
          onChange={(chosen) => onChange({ [name]: chosen })}
        />
      ))}
    </Group>
  )
}

/** Where the columns of the file go, as found out, to be changed where that is wrong. */
export function FileOptions({ file, projectId, preview, onChecked }: Props) {
  const [fields, setFields] = useState(() => preview?.columns.map(({ field }) => field as string | null) ?? [])
  const [formats, setFormats] = useState<Record<string, string>>({})
  const [abort, setAbort] = useState(false)
  const columns = preview?.columns ?? []
  const formatOf = (i: number) =>
    formats[i] ?? (columns[i]?.date_formats.length === 1 ? columns[i].date_formats[0] : null)
  const check = useMutation({
    mutationFn: () => checkFile(file, { project_id: projectId, ...(abort ? { on_error: 'abort' } : {}), ...asQuery() }),
    onSuccess: ({ id }) => onChecked(id),
  })

  function asQuery(): Record<string, string> {
    if (!preview) return {}
    const named = columns.flatMap(({ name }, i) => (name.trim() === '' ? [] : [[name, fields[i] ?? null] as const]))
    const dated = fields.flatMap((field, i) => (isDate(field) && formatOf(i) ? [`${field}:${formatOf(i)}`] : []))
    return {
      encoding: preview.encoding,
      delimiter: preview.delimiter,
      mapping: JSON.stringify(Object.fromEntries(named)),
      ...(dated.length > 0 ? { date_format: dated.join(',') } : {}),
    }
  }

  const isAmbiguous = (i: number) =>
    isDate(fields[i] ?? null) && (columns[i]?.date_formats.length ?? 0) > 1 && !formatOf(i)
  const missing = !preview
    ? undefined
    : !fields.includes('title')
      ? 'Choose the column that is the title.'
      : columns.some((_, i) => isAmbiguous(i))
        ? 'Choose how dates are written.'
        : undefined
  return (
    <>
      {preview && (
        <ScrollTable label="Columns of the file" head={['Column', 'Becomes', 'For instance']}>
          {columns.map(({ name, samples }, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: columns have no other name that is their own
            <Table.Tr key={i}>
              <Table.Th>{name || '(no name)'}</Table.Th>
              <Table.Td>
                <Group gap="xs" wrap="nowrap">
                  <Select
                    aria-label={`Field of ${name || `column ${i + 1}`}`}
                    allowDeselect={false}
                    disabled={name.trim() === ''}
                    data={[
                      { value: LEFT_OUT, label: 'Left out' },
                      ...Object.entries(FIELDS).map(([value, label]) => ({ value, label })),
                    ]}
                    value={fields[i] ?? LEFT_OUT}
                    onChange={(value) => setFields(fields.with(i, value === LEFT_OUT ? null : value))}
                  />
                  {isDate(fields[i] ?? null) && (
                    <Select
                      aria-label={`Dates of ${name}`}
                      miw={200}
                      placeholder={isAmbiguous(i) ? 'How are dates written?' : 'Found out'}
                      error={isAmbiguous(i)}
                      data={Object.entries(FORMATS).map(([value, label]) => ({ value, label }))}
                      value={formatOf(i) || null}
                      onChange={(value) => setFormats({ ...formats, [i]: value ?? '' })}
                    />
                  )}
                </Group>
              </Table.Td>
              <Table.Td>
                <Text size="sm" c="dimmed" lineClamp={2}>
                  {samples.slice(0, 3).join(' · ') || 'empty'}
                </Text>
              </Table.Td>
            </Table.Tr>
          ))}
        </ScrollTable>
      )}
      <Checkbox
        label="Write nothing if a single row cannot be taken"
        checked={abort}
        onChange={(event) => setAbort(event.currentTarget.checked)}
      />
      <FormError error={check.error} />
      <Group>
        <Button onClick={() => check.mutate()} loading={check.isPending} disabled={missing !== undefined}>
          Check the whole file
        </Button>
        <Text size="sm" c="dimmed" role="status">
          {missing ?? 'Nothing is written yet.'}
        </Text>
      </Group>
    </>
  )
}
