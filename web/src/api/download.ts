import { api, data } from './client.ts'

/**
 * Has the browser save what the address answers, as it arrives and whatever its size: it opens the address itself, with a
 * ticket in place of the access token, which must not stand in an address.
 *
 * @throws ApiError when there is no session any more
 */
export async function download(address: string): Promise<void> {
  const { pathname, search } = new URL(address, window.location.origin)
  const path = pathname + search
  await data(api.POST('/api/v1/auth/downloads', { body: { path } }))
  const link = document.createElement('a')
  link.href = path
  link.download = ''
  link.click()
}
