import createClient from 'openapi-fetch'
import { ApiError, asProblem } from '../api/errors.ts'
import type { paths } from '../api/schema.d.ts'

/** The few requests that the session itself makes. They carry their token themselves: the others' comes from here. */

const plain = createClient<paths>({ baseUrl: window.location.origin })
const bearer = (accessToken: string) => ({ headers: { authorization: `Bearer ${accessToken}` } })

export interface Tokens {
  accessToken: string
  /** Milliseconds since the epoch, by this machine's clock. */
  expiresAt: number
  /** Whose they are. */
  userId: number
}

export type User = paths['/api/v1/users/me']['get']['responses'][200]['content']['application/json']

/** @throws ApiError when name or password are wrong */
export async function openSession(username: string, password: string): Promise<Tokens> {
  const { data, error, response } = await plain.POST('/api/v1/auth/login', {
    body: { username, password, cookie: true },
  })
  if (!data) throw new ApiError(asProblem(error, response.status))
  return asTokens(data)
}

/** The refresh token itself is in a cookie, which no script can read. @returns undefined when there is no session any more */
export async function refreshTokens(): Promise<Tokens | undefined> {
  const { data, response, error } = await plain.POST('/api/v1/auth/refresh', { body: { cookie: true } })
  if (response.status === 401) return undefined
  if (!data) throw new ApiError(asProblem(error, response.status))
  return asTokens(data)
}

/** @throws ApiError when the session may go on: its cookie is cleared by the answer */
export async function endSession(accessToken: string): Promise<void> {
  const { error, response } = await plain.POST('/api/v1/auth/logout', bearer(accessToken))
  if (!response.ok && response.status !== 401) throw new ApiError(asProblem(error, response.status))
}

export async function readUser(accessToken: string): Promise<User> {
  const { data, error, response } = await plain.GET('/api/v1/users/me', bearer(accessToken))
  if (!data) throw new ApiError(asProblem(error, response.status))
  return data
}

const asTokens = (answer: { access_token: string; expires_in: number }): Tokens => ({
  accessToken: answer.access_token,
  expiresAt: Date.now() + answer.expires_in * 1_000,
  userId: subjectOf(answer.access_token),
})

/** The subject of a JSON Web Token (RFC 7519, 4.1.2), as the server says it; only the server checks its signature. */
function subjectOf(token: string): number {
  const payload = token.split('.')[1] ?? ''
  return Number(JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/'))).sub)
}
