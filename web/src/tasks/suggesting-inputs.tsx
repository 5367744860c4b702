import { Autocomplete, type AutocompleteProps, TagsInput, type TagsInputProps } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, data } from '../api/client.ts'

const TYPING_MS = 200
const NONE: string[] = []

/** Somebody who can be given tasks; of the project, when one is given. The names are asked for when the field is entered. */
export function AssigneeInput({
  projectId,
  first = NONE,
  value,
  ...props
}: { projectId?: number; first?: string[]; value: string } & Omit<AutocompleteProps, 'data' | 'filter'>) {
  const [isEntered, setEntered] = useState(false)
  const names = useSuggestions(['assignees', projectId], value, isEntered, (q, signal) =>
    data(api.GET('/api/v1/assignees', { params: { query: { q, project_id: projectId } }, signal })),
  )
  return (
    <Autocomplete {...props} value={value} data={[...new Set([...first, ...names])]} onFocus={() => setEntered(true)} />
  )
}

/** Labels, new ones or those that tasks have already. */
export function LabelsInput(props: Omit<TagsInputProps, 'data' | 'searchValue'>) {
  const [typed, setTyped] = useState('')
  const [isEntered, setEntered] = useState(false)
  const labels = useSuggestions(['labels'], typed, isEntered, (q, signal) =>
    data(api.GET('/api/v1/labels', { params: { query: { q } }, signal })),
  )
  return (
    <TagsInput
      {...props}
      data={labels}
      searchValue={typed}
      onSearchChange={setTyped}
      onFocus={() => setEntered(true)}
    />
  )
}

/** What begins with the text, by the server. */
function useSuggestions(
  key: readonly unknown[],
  text: string,
  enabled: boolean,
  read: (q: string | undefined, signal: AbortSignal) => Promise<{ items: string[] }>,
): string[] {
  const [q] = useDebouncedValue(text.trim(), TYPING_MS)
  const { data: found } = useQuery({
    queryKey: [...key, q],
    queryFn: ({ signal }) => read(q || undefined, signal),
    enabled,
    staleTime: 60_000,
    placeholderData: keepPreviousData,
  })
  return found?.items ?? NONE
}
