import { Group, Select, SimpleGrid, Stack, Textarea, TextInput } from '@mantine/core'
import { DateInput } from '@mantine/dates'
import { type UseFormReturnType, useForm } from '@mantine/form'
import type { ReactNode } from 'react'
import { options, PRIORITIES, STATUSES, type TaskValues } from './fields.ts'
import { AssigneeInput, LabelsInput } from './suggesting-inputs.tsx'
import { useProjects } from './task-queries.ts'

/** As the fields hold it; `project_id` is a text there. */
export interface FormValues extends Omit<TaskValues, 'project_id' | 'assigned_user' | 'external_id'> {
  project_id: string | null
  assigned_user: string
  external_id: string
}

export function useTaskForm(task?: TaskValues) {
  return useForm<FormValues>({ initialValues: toForm(task ?? NEW) })
}

const NEW: TaskValues = {
  title: '',
  description: '',
  status: 'pending',
  priority: 'MEDIUM',
  labels: [],
  due_date: null,
  assigned_user: null,
  project_id: 0,
  external_id: null,
}

export const toForm = ({
  title,
  description,
  status,
  priority,
  labels,
  due_date,
  ...task
}: TaskValues): FormValues => ({
  ...{ title, description, status, priority, labels, due_date },
  assigned_user: task.assigned_user ?? '',
  external_id: task.external_id ?? '',
  project_id: task.project_id ? String(task.project_id) : null,
})

export const fromForm = (values: FormValues): TaskValues => ({
  ...values,
  assigned_user: values.assigned_user.trim() || null,
  external_id: values.external_id.trim() || null,
  project_id: Number(values.project_id),
})

/** Text is written from the left or from the right, as it says itself. */
const EITHER_WAY = { input: { dir: 'auto' } }

interface Props {
  form: UseFormReturnType<FormValues>
  onSubmit: () => void
  /** The buttons at the end. */
  children: ReactNode
}

export function TaskForm({ form, onSubmit, children }: Props) {
  const { projects, nameOf } = useProjects()
  const own = form.values.project_id
  const fallback = projects.find((project) => project.is_default)?.id
  return (
    <form onSubmit={form.onSubmit(onSubmit)}>
      <Stack gap="sm">
        <TextInput
          label="Title"
          attributes={EITHER_WAY}
          required
          maxLength={200}
          data-autofocus
          {...form.getInputProps('title')}
        />
        <Textarea
          label="Description"
          attributes={EITHER_WAY}
          autosize
          minRows={3}
          maxRows={12}
          {...form.getInputProps('description')}
        />
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
          <Select label="Status" data={options(STATUSES)} allowDeselect={false} {...form.getInputProps('status')} />
          <Select
            label="Priority"
            data={options(PRIORITIES)}
            allowDeselect={false}
            {...form.getInputProps('priority')}
          />
          <AssigneeInput
            label="Assigned to"
            projectId={own ? Number(own) : fallback}
            maxLength={64}
            {...form.getInputProps('assigned_user')}
            value={form.values.assigned_user}
          />
          <DateInput
            label="Due"
            valueFormat="YYYY-MM-DD"
            clearable
            clearButtonProps={{ 'aria-label': 'No due date' }}
            {...form.getInputProps('due_date')}
          />
          <LabelsInput label="Labels" maxTags={20} clearable {...form.getInputProps('labels')} />
          <Select
            label="Project"
            data={[
              ...projects.map(({ id, name }) => ({ value: String(id), label: name })),
              // An archived one, which no other task can be given.
              ...(own && !projects.some(({ id }) => String(id) === own)
                ? [{ value: own, label: nameOf(Number(own)) }]
                : []),
            ]}
            placeholder={projects.find((project) => project.is_default)?.name}
            searchable
            allowDeselect={false}
            {...form.getInputProps('project_id')}
          />
          <TextInput label="External id" maxLength={200} {...form.getInputProps('external_id')} />
        </SimpleGrid>
        <Group justify="flex-end" mt="sm">
          {children}
        </Group>
      </Stack>
    </form>
  )
}
