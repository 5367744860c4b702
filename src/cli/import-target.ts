import type { Static } from 'typebox'
import {
  getImport,
  type Import,
  type ImportError,
  listErrors,
  publicError,
  publicImport,
  readOptions,
  requireTarget,
  stageFile,
  type UploadQuery,
} from '../imports/index.ts'
import { importJob } from '../imports/jobs.ts'
import { ConfigError } from '../platform/config.ts'
import type { Context } from '../platform/context.ts'
import { activeUser } from './active-user.ts'
import { reasonOf } from './reason.ts'

export type ImportState = Static<typeof Import>
type Reject = Static<typeof ImportError>
export type Query = Static<typeof UploadQuery>

/** Where a file goes: straight into the database, or to a server. */
export interface ImportTarget {
  upload(name: string | null, bytes: AsyncIterable<Uint8Array>, query: Query): Promise<ImportState>
  look(id: number): Promise<ImportState>
  rejects(id: number, limit: number): Promise<Reject[]>
}

/** The same rules and the same queue as an upload. Whoever is first takes the job: a worker that runs already, or this process. */
export async function inDatabase(ctx: Context, username: string): Promise<ImportTarget> {
  const actor = await activeUser(ctx, username)
  return {
    async upload(name, bytes, query) {
      const projectId = await requireTarget(
        ctx,
        actor,
        query.project_id === undefined ? null : String(query.project_id),
      )
      const row = await stageFile(ctx, actor, { name, bytes }, readOptions(query, projectId))
      await ctx.queue.work(ctx, [importJob])
      return publicImport(row)
    },
    look: async (id) => publicImport(await getImport(ctx, actor, id)),
    rejects: async (id, limit) => (await listErrors(ctx, actor, id, { after: ['0', ''], limit })).map(publicError),
  }
}

/** Over the API of a server. */
export function atServer(url: string, token: string): ImportTarget {
  const base = `${url.replace(/\/+$/, '')}/api/v1/imports`
  const send = async <Body>(path: string, init: RequestInit = {}): Promise<Body> => {
    const headers = { authorization: `Bearer ${token}`, ...init.headers }
    const answer = await fetch(`${base}${path}`, { ...init, headers }).catch((error: Error) => {
      throw new ConfigError(`${url} cannot be reached: ${reasonOf(error)}`)
    })
    const body = (await answer.json().catch(() => ({}))) as Record<string, unknown>
    if (answer.ok) return body as Body
    const hint = body.hint ? `\n${body.hint}` : ''
    throw new ConfigError(`${body.detail ?? `${url} answered ${answer.status}`}${hint}`)
  }
  return {
    upload(name, bytes, query) {
      const parameters = new URLSearchParams()
      for (const [key, value] of Object.entries({ ...query, ...(name ? { file_name: name } : {}) })) {
        if (value !== undefined) parameters.set(key, String(value))
      }
      const body = ReadableStream.from(bytes)
      const headers = { 'content-type': 'text/csv' }
      return send(`?${parameters}`, { method: 'POST', body, headers, duplex: 'half' } as RequestInit)
    },
    look: (id) => send(`/${id}`),
    rejects: async (id, limit) => (await send<{ items: Reject[] }>(`/${id}/errors?limit=${limit}`)).items,
  }
}
