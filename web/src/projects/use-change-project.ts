import { api, data } from '../api/client.ts'
import type { Form } from '../app/form-error.tsx'
import { useChange } from '../app/use-change.ts'

interface ProjectChange {
  id: number
  name?: string
  archived?: boolean
}

export const useChangeProject = (options?: { form: Form }) =>
  useChange(
    'projects',
    ({ id, ...body }: ProjectChange) =>
      data(api.PATCH('/api/v1/projects/{id}', { params: { path: { id: String(id) } }, body })),
    options,
  )
