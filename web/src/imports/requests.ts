import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { api, data, signedRequest } from '../api/client.ts'
import { mayPass } from '../api/errors.ts'
import { readEvents } from '../api/events.ts'
import type { components, paths } from '../api/schema.d.ts'

export type Import = components['schemas']['Import']
export type PreviewRequest = paths['/api/v1/imports/preview']['post']['requestBody']['content']['application/json']
export type Preview = paths['/api/v1/imports/preview']['post']['responses'][200]['content']['application/json']

const SAMPLE_BYTES = 256 * 1024
const AGAIN_MS = 2_000
const MOVING = ['receiving', 'checking', 'merging', 'undoing']

export const isMoving = ({ state }: Import) => MOVING.includes(state)

/** @throws ApiError when the file cannot be read */
export async function previewFile(file: File, more: Omit<PreviewRequest, 'sample' | 'whole'>): Promise<Preview> {
  const bytes = new Uint8Array(await file.slice(0, SAMPLE_BYTES).arrayBuffer())
  const sample = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
  return data(api.POST('/api/v1/imports/preview', { body: { ...more, sample, whole: file.size <= SAMPLE_BYTES } }))
}

/** Sends the whole file to be checked; nothing is written until it is committed. */
export async function checkFile(file: File, query: Record<string, string>): Promise<Import> {
  const form = new FormData()
  form.append('file', file)
  const parameters = new URLSearchParams({ ...query, dry_run: 'true' })
  const answer = await signedRequest(`/api/v1/imports?${parameters}`, { method: 'POST', body: form })
  return answer.json()
}

/** The import as it is. While something happens to it, the server tells each change. */
export function useImport(id: string) {
  const client = useQueryClient()
  const query = useQuery({
    queryKey: ['imports', id],
    queryFn: ({ signal }) =>
      data(api.GET('/api/v1/imports/{id}', { params: { path: { id } }, signal })) as Promise<Import>,
  })
  const moves = query.data !== undefined && isMoving(query.data)
  useEffect(() => {
    if (!moves) return
    const leaving = new AbortController()
    void follow(id, (row) => client.setQueryData(['imports', id], row), leaving.signal).then((isRefused) => {
      if (isRefused) void client.invalidateQueries({ queryKey: ['imports', id] }) // and the page says why
    })
    return () => leaving.abort()
  }, [client, id, moves])
  return query
}

/**
 * Opens the stream again when it breaks off, until the server has said that it is the end.
 *
 * @returns whether it refuses to tell any more, to somebody who may no longer see the import
 */
async function follow(id: string, take: (row: Import) => void, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    try {
      const { body } = await signedRequest(`/api/v1/imports/${id}/progress`, { signal })
      for await (const { name, data } of readEvents(body as NonNullable<typeof body>)) {
        if (name === 'end') return false
        take(JSON.parse(data))
      }
    } catch (error) {
      // Else the server is away, or this page is being left.
      if (!mayPass(error)) return true
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
  }
  return false
}
