import { api, data, signedRequest } from './client.ts'
import { ApiError } from './errors.ts'

/**
 * Has the browser save what the address answers, as it arrives and whatever its size: it opens the address itself, with a
 * ticket in place of the access token, which must not stand in an address.
 *
 * @throws ApiError when there is no session any more, and when the server would refuse
 */
export async function download(address: string): Promise<void> {
  const { pathname, search } = new URL(address, window.location.origin)
  const path = pathname + search
  await requireAnswer(path)
  await data(api.POST('/api/v1/auth/downloads', { body: { path } }))
  const link = document.createElement('a')
  link.href = path
  link.download = ''
  link.click()
}

/**
 * What the browser opens by itself and is refused says nothing of why, so it is asked before: with `HEAD`, for which the
 * server begins nothing. That has no body, so the reason is asked for with `GET`, once there is one.
 */
async function requireAnswer(path: string): Promise<void> {
  try {
    await signedRequest(path, { method: 'HEAD' })
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    await (await signedRequest(path)).body?.cancel()
  }
}
