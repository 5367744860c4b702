import { Anchor } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { Task } from '../api/client.ts'

/** Opens the task in the drawer: in the address of the page, so that a link to it does the same. */
export function TaskLink({ task, tabIndex }: { task: Pick<Task, 'id' | 'title'>; tabIndex: number }) {
  return (
    <Anchor
      component={Link}
      to="."
      search={((search: object) => ({ ...search, task: String(task.id) })) as never}
      preload={false}
      tabIndex={tabIndex}
      size="sm"
      truncate
      dir="auto"
      ta="left"
      display="block"
      c="inherit"
      title={task.title}
    >
      {task.title}
    </Anchor>
  )
}
