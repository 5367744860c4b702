import { Button, FileButton, Group, Loader, Paper, Select, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { FileUp } from 'lucide-react'
import { type DragEvent, useState } from 'react'
import { PageLoading } from '../app/page-loading.tsx'
import { Empty, Failed } from '../app/states.tsx'
import { useUser } from '../auth/session.ts'
import { useProjects } from '../tasks/task-queries.ts'
import { FileOptions, type Reading, ReadingOptions } from './file-options.tsx'
import { previewFile } from './requests.ts'

/** A file is dropped or chosen; what is found in it is shown; then all of it is checked. */
export function NewImport({ onChecked }: { onChecked: (id: number) => void }) {
  const user = useUser()
  const { projects, isPending, error, refetch } = useProjects()
  const mine = projects.filter(({ role }) => user?.role === 'admin' || role === 'maintainer')
  const [chosen, setProject] = useState<string | null>(null)
  const project = chosen ?? (mine[0] ? String(mine[0].id) : null)
  const [file, setFile] = useState<File | null>(null)
  const [reading, setReading] = useState<Reading>({})
  const isWorkbook = file?.name.toLowerCase().endsWith('.xlsx') ?? false
  const preview = useQuery({
    // Without the project: the columns are those of the file in each.
    queryKey: ['preview', file?.name, file?.lastModified, file?.size, reading],
    queryFn: () => previewFile(file as File, { project_id: Number(project), ...reading }),
    enabled: file !== null && project !== null && !isWorkbook,
    retry: false,
    // The file is the same, and what was chosen for its columns stands on it.
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
  })
  const take = (file: File | null) => {
    setReading({})
    setFile(file)
  }
  if (isPending) return <PageLoading />
  if (error && mine.length === 0) return <Failed error={error} retry={refetch} />
  if (mine.length === 0) {
    return <Empty title="Imports are for maintainers">Ask a maintainer of a project to make you one.</Empty>
  }
  return (
    <>
      <DropZone file={file} onFile={take} />
      {file && project && (
        <>
          <Select
            label="Project"
            allowDeselect={false}
            maw={320}
            data={mine.map(({ id, name }) => ({ value: String(id), label: name }))}
            value={project}
            onChange={setProject}
          />
          {!isWorkbook && (preview.data || preview.error) && (
            <ReadingOptions
              value={preview.data ?? reading}
              onChange={(changes) => setReading({ ...reading, ...changes })}
            />
          )}
          {preview.isLoading && <Loader />}
          {preview.error && <Failed error={preview.error} retry={preview.refetch} />}
          {(preview.data || isWorkbook) && (
            <FileOptions
              key={`${file.name} ${JSON.stringify(reading)}`}
              file={file}
              projectId={project}
              preview={preview.data}
              onChecked={onChecked}
            />
          )}
        </>
      )}
    </>
  )
}

function DropZone({ file, onFile }: { file: File | null; onFile: (file: File | null) => void }) {
  const drop = (event: DragEvent) => {
    event.preventDefault()
    onFile(event.dataTransfer.files[0] ?? null)
  }
  return (
    <Paper
      withBorder
      p="lg"
      role="group"
      aria-label="File to import"
      onDragOver={(event) => event.preventDefault()}
      onDrop={drop}
    >
      <Group justify="center">
        <FileUp aria-hidden />
        <Text>{file ? file.name : 'Drop a CSV file or a workbook here, or'}</Text>
        <FileButton onChange={onFile} accept=".csv,.tsv,.txt,.xlsx,text/csv" inputProps={{ 'aria-label': 'File' }}>
          {(props) => (
            <Button variant="default" {...props}>
              {file ? 'Choose another file' : 'Choose a file'}
            </Button>
          )}
        </FileButton>
      </Group>
      {!file && (
        <Text size="sm" c="dimmed" ta="center" mt="xs">
          Its first line names the columns; one of them is the title of each task. Nothing is written before you have
          seen what will come of it.
        </Text>
      )}
    </Paper>
  )
}
