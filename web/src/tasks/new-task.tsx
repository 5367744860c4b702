import { Button } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { FormError, placeErrors } from '../app/form-error.tsx'
import { notify } from '../app/notify.tsx'
import { createTask } from './changes.tsx'
import { useLeaveGuard } from './leave-guard.tsx'
import { fromForm, TaskForm, useTaskForm } from './task-form.tsx'

export function NewTask({ onDone }: { onDone: () => void }) {
  const form = useTaskForm()
  const guard = useLeaveGuard(form.isDirty())
  const create = useMutation({
    mutationFn: () => {
      const { project_id, ...values } = fromForm(form.values)
      return createTask({ ...values, ...(project_id ? { project_id } : {}) })
    },
    onSuccess: (task) => {
      notify(`Task ${task.id} was made.`)
      guard.letGo()
      onDone()
    },
    onError: (error) => placeErrors(form, error),
  })
  return (
    <>
      <FormError error={create.error} form={form} />
      <TaskForm form={form} onSubmit={() => create.mutate()}>
        <Button type="submit" loading={create.isPending}>
          Create
        </Button>
      </TaskForm>
      {guard.dialog}
    </>
  )
}
