import { Button, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { Trash2 } from 'lucide-react'
import { useEffect, useState } from 'react'
import type { Task } from '../api/client.ts'
import { ApiError } from '../api/errors.ts'
import { FormError, placeErrors } from '../app/form-error.tsx'
import { formatTime } from '../app/format.ts'
import { notify } from '../app/notify.tsx'
import { type Changes, changeTask, deleteSelected } from './changes.tsx'
import { ConflictDialog } from './conflict-dialog.tsx'
import { differences, type Field } from './fields.ts'
import { useLeaveGuard } from './leave-guard.tsx'
import { fromForm, TaskForm, toForm, useTaskForm } from './task-form.tsx'

/** Sends the fields that were changed, and only if nobody has changed the task meanwhile; else both versions are shown. */
export function EditTask({ task, onClose }: { task: Task; onClose: () => void }) {
  // What the form began with: a version that arrives later does not make one's own changes look older than they are.
  const [base, setBase] = useState(task)
  const form = useTaskForm(base)
  const [theirs, setTheirs] = useState<Task>()
  const mine = { ...base, ...fromForm(form.values) }
  const changed = differences(base, mine)
  const isSame = changed.length === 0

  // biome-ignore lint/correctness/useExhaustiveDependencies: when a newer version arrives, or may be taken over at last
  useEffect(() => {
    if (task.version > base.version && isSame) begin(task)
  }, [task.version, isSame])
  function begin(from: Task, typed: Changes = {}) {
    setBase(from)
    form.setValues(toForm({ ...from, ...typed }))
  }
  const guard = useLeaveGuard(!isSame)

  const save = useMutation({
    mutationFn: ({ from, fields, sent }: { from: Task; fields: Field[]; sent: Task }) =>
      changeTask(from, pick(sent, fields)),
    onSuccess: (saved, { sent }) => {
      setTheirs(undefined)
      // What was typed since it was sent stays, to be saved next.
      const now = { ...sent, ...fromForm(form.getValues()) }
      begin(saved, pick(now, differences(sent, now)))
      notify('Saved.')
    },
    onError: (error) => {
      if (error instanceof ApiError && error.code === 'VERSION_MISMATCH') setTheirs(error.problem.current as Task)
      else placeErrors(form, error)
    },
  })
  const remove = useMutation({
    mutationFn: () => deleteSelected({ ids: [base.id] }),
    onSuccess: () => {
      guard.letGo()
      onClose()
    },
  })
  return (
    <>
      <FormError error={theirs ? undefined : (save.error ?? remove.error)} form={form} />
      <TaskForm form={form} onSubmit={() => isSame || save.mutate({ from: base, fields: changed, sent: mine })}>
        <Button
          variant="default"
          mr="auto"
          leftSection={<Trash2 size={16} aria-hidden />}
          loading={remove.isPending}
          onClick={() => remove.mutate()}
        >
          Delete
        </Button>
        {/* Can have the focus also without a change: it has been pressed when there is none any more. */}
        <Button type="submit" loading={save.isPending} data-disabled={isSame || undefined} aria-disabled={isSame}>
          Save
        </Button>
      </TaskForm>
      <Text size="sm" c="dimmed" mt="md">
        Created by {base.created_by} on {formatTime(base.created_at)}
        {base.import_id !== null && `, with import ${base.import_id}`}. Last changed on {formatTime(base.updated_at)}.
      </Text>
      {theirs && (
        <ConflictDialog
          key={theirs.version}
          base={base}
          mine={mine}
          theirs={theirs}
          isSaving={save.isPending}
          onClose={() => setTheirs(undefined)}
          onResolve={(fields) => {
            if (fields.length > 0) return save.mutate({ from: theirs, fields, sent: mine })
            setTheirs(undefined)
            begin(theirs)
          }}
        />
      )}
      {guard.dialog}
    </>
  )
}

const pick = (task: Task, fields: Field[]): Changes => Object.fromEntries(fields.map((field) => [field, task[field]]))
