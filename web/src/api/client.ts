import createClient from 'openapi-fetch'
import { session } from '../auth/session.ts'
import { ApiError, asProblem } from './errors.ts'
import { newKey } from './idempotency.ts'
import type { components, paths } from './schema.d.ts'

export type Task = components['schemas']['Task']
export type TaskVersion = components['schemas']['TaskVersion']

/** The API, typed from its OpenAPI document. Signs each request; a `POST` that broke off is sent again with its key. */
export const api = createClient<paths>({ baseUrl: window.location.origin, fetch: signedFetch })

/**
 * The data of an answer: `await data(api.GET('/api/v1/tasks'))`.
 *
 * @throws ApiError for every other answer than success
 */
export async function data<T>(request: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await request
  if (!response.ok) throw new ApiError(asProblem(error, response.status))
  return data as T
}

/**
 * A request of the console's own making (a stream, a file), signed as all others.
 *
 * @throws ApiError unless it succeeds
 */
export async function signedRequest(url: string, init?: RequestInit): Promise<Response> {
  const key = init?.method === 'POST' ? newKey() : undefined
  const response = await send(() => withKey(new Request(new URL(url, window.location.origin), init), key))
  if (!response.ok) throw new ApiError(asProblem(await response.json().catch(() => undefined), response.status))
  return response
}

function signedFetch(request: Request): Promise<Response> {
  const key = request.method === 'POST' ? (request.headers.get('idempotency-key') ?? newKey()) : undefined
  return send(() => withKey(request.clone(), key))
}

/** @param make makes the request anew for each attempt, as a body can be read only once */
async function send(make: () => Request): Promise<Response> {
  const first = make()
  const answer = await fetch(await sign(first)).catch(async (error) => {
    if (!first.headers.has('idempotency-key') || first.signal.aborted) throw error
    return fetch(await sign(make()))
  })
  if (answer.status !== 401) return answer
  // The session may have ended, or the token was signed with a key that was changed.
  return (await session.renew()) ? fetch(await sign(make())) : answer
}

async function sign(request: Request): Promise<Request> {
  const token = await session.token()
  if (token) request.headers.set('authorization', `Bearer ${token}`)
  return request
}

function withKey(request: Request, key: string | undefined): Request {
  if (key) request.headers.set('idempotency-key', key)
  return request
}
