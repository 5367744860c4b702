import { Button, Group, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { Dialog } from '../app/dialog.tsx'
import { useChangeProject } from './use-change-project.ts'

interface Props {
  project: { id: number; name: string }
  onClose(): void
}

export function RenameDialog({ project: { id, name }, onClose }: Props) {
  const form = useForm({ initialValues: { name } })
  const change = useChangeProject({ form })
  return (
    <Dialog onClose={onClose} title={`Rename ${name}`}>
      <form onSubmit={form.onSubmit((values) => change.mutate({ id, ...values }, { onSuccess: onClose }))}>
        <TextInput label="Name" required data-autofocus {...form.getInputProps('name')} />
        <Group justify="flex-end" mt="md">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={change.isPending}>
            Save
          </Button>
        </Group>
      </form>
    </Dialog>
  )
}
