import { Button, Group, Paper, Radio, SimpleGrid, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import type { Task } from '../api/client.ts'
import { Dialog } from '../app/dialog.tsx'
import { differences, FIELD_LABELS, type Field, isSame, valueText } from './fields.ts'
import { useProjects } from './task-queries.ts'

interface Props {
  base: Task
  mine: Task
  theirs: Task
  isSaving: boolean
  onClose: () => void
  /** @param fields those that become mine; all others stay theirs */
  onResolve: (fields: Field[]) => void
}

/** Somebody has changed the task meanwhile: both versions side by side, and a choice for each field that differs. */
export function ConflictDialog({ base, mine, theirs, isSaving, onClose, onResolve }: Props) {
  const { nameOf } = useProjects()
  const fields = differences(mine, theirs)
  // What only one of the two has changed is theirs or mine without a question; it can still be chosen otherwise.
  const [kept, setKept] = useState<Field[]>(fields.filter((field) => !isSame(base[field], mine[field])))
  const choose = (field: Field, isMine: boolean) =>
    setKept(isMine ? [...kept, field] : kept.filter((other) => other !== field))
  return (
    <Dialog onClose={onClose} size="lg" title="Somebody has changed this task meanwhile">
      <Stack gap="sm">
        <Text size="sm">
          Choose which of the two each field is to have. Nothing is lost: the history keeps every version.
        </Text>
        {fields.length === 0 && <Text size="sm">Both say the same.</Text>}
        {fields.map((field) => (
          <Radio.Group
            key={field}
            label={FIELD_LABELS[field]}
            value={kept.includes(field) ? 'mine' : 'theirs'}
            onChange={(value) => choose(field, value === 'mine')}
          >
            <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="xs" mt={4}>
              <Side value="mine" label="Yours" text={valueText(field, mine[field], nameOf)} />
              <Side value="theirs" label="Theirs" text={valueText(field, theirs[field], nameOf)} />
            </SimpleGrid>
          </Radio.Group>
        ))}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Back to the form
          </Button>
          <Button loading={isSaving} onClick={() => onResolve(kept.filter((field) => fields.includes(field)))}>
            Save what is chosen
          </Button>
        </Group>
      </Stack>
    </Dialog>
  )
}

function Side({ value, label, text }: { value: string; label: string; text: string }) {
  return (
    <Paper withBorder p="xs">
      <Radio
        value={value}
        label={label}
        description={<bdi>{text}</bdi>}
        styles={{ description: { whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' } }}
      />
    </Paper>
  )
}
