import createClient from 'openapi-fetch'
import { ApiError, type Problem } from '../api/errors.ts'
import type { paths } from '../api/schema.d.ts'

/** The few requests that the session itself makes. They carry their token themselves: the others' comes from here. */

const plain = createClient<paths>({ baseUrl: window.location.origin })
const bearer = (accessToken: string) => ({ headers: { authorization: `Bearer ${accessToken}` } })

export interface Tokens {
  accessToken: string
  /** Milliseconds since the epoch, by this machine's clock. */
  expiresAt: number
}

export type User = paths['/api/v1/users/me']['get']['responses'][200]['content']['application/json']

// @TODO in a cookie
let refreshToken: string | undefined

/** @throws ApiError when name or password are wrong */
export async function openSession(username: string, password: string): Promise<Tokens> {
  const { data, error } = await plain.POST('/api/v1/auth/login', { body: { username, password } })
  if (!data) throw new ApiError(error as Problem)
  return takeTokens(data)
}

/** @returns undefined when there is no session to go on with */
export async function refreshTokens(): Promise<Tokens | undefined> {
  if (!refreshToken) return undefined
  const { data, response, error } = await plain.POST('/api/v1/auth/refresh', { body: { refresh_token: refreshToken } })
  if (response.status === 401) return undefined
  if (!data) throw new ApiError(error as Problem)
  return takeTokens(data)
}

export async function endSession(accessToken: string): Promise<void> {
  await plain.POST('/api/v1/auth/logout', bearer(accessToken))
}

export async function readUser(accessToken: string): Promise<User> {
  const { data, error } = await plain.GET('/api/v1/users/me', bearer(accessToken))
  if (!data) throw new ApiError(error as Problem)
  return data
}

function takeTokens(answer: { access_token: string; expires_in: number; refresh_token: string }): Tokens {
  refreshToken = answer.refresh_token
  return { accessToken: answer.access_token, expiresAt: Date.now() + answer.expires_in * 1_000 }
}
