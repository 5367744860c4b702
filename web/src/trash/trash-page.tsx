import { Button, Group, Table, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { Undo2 } from 'lucide-react'
import { api, data } from '../api/client.ts'
import { formatTime } from '../app/format.ts'
import { notify, notifyError } from '../app/notify.tsx'
import { Page } from '../app/page.tsx'
import { PagedTable, usePages } from '../app/paged-list.tsx'
import { restoreDeletion, restoreTask } from '../tasks/changes.tsx'

/** What was deleted, latest first, and the ways back: one task, or all that went with it. */
export function TrashPage() {
  const trash = usePages(['trash'], (cursor, signal) =>
    data(api.GET('/api/v1/trash', { params: { query: { limit: 50, cursor } }, signal })),
  )
  const restore = useMutation({
    mutationFn: (work: () => Promise<string>) => work(),
    onSuccess: notify,
    onError: notifyError,
  })
  const { items } = trash
  // Those that stand alone are restored one by one.
  const together = new Map<string, number>()
  for (const { deletion_id } of items ?? [])
    if (deletion_id) together.set(deletion_id, (together.get(deletion_id) ?? 0) + 1)
  return (
    <Page title="Trash">
      <PagedTable
        label="Deleted tasks"
        head={['Title', 'Deleted', 'By', 'Bring back']}
        list={trash}
        empty="The trash is empty"
        hint="What is deleted can be brought back here."
        more="Show earlier ones"
        row={({ id, title, deleted_at, deleted_by, deletion_id }) => (
          <Table.Tr key={id}>
            <Table.Td style={{ overflowWrap: 'anywhere' }}>
              <bdi>{title}</bdi>
            </Table.Td>
            <Table.Td>{formatTime(deleted_at)}</Table.Td>
            <Table.Td>{deleted_by}</Table.Td>
            <Table.Td>
              <Group gap="xs" wrap="nowrap">
                <Button
                  size="compact-sm"
                  variant="default"
                  leftSection={<Undo2 size={14} aria-hidden />}
                  aria-label={`Restore ${title}`}
                  disabled={restore.isPending}
                  onClick={() => restore.mutate(() => restoreTask(id))}
                >
                  Restore
                </Button>
                {deletion_id && (together.get(deletion_id) ?? 0) > 1 && (
                  <Button
                    size="compact-sm"
                    variant="subtle"
                    aria-label={`Restore all that were deleted with ${title}`}
                    disabled={restore.isPending}
                    onClick={() => restore.mutate(() => restoreDeletion(deletion_id))}
                  >
                    Restore all
                  </Button>
                )}
              </Group>
            </Table.Td>
          </Table.Tr>
        )}
      />
      {items && items.length > 0 && (
        <Text size="sm" c="dimmed">
          Tasks leave the trash for good after the time that this installation keeps them.
        </Text>
      )}
    </Page>
  )
}
