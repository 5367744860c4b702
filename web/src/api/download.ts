import { signedRequest } from './client.ts'

/** Saves what the server answers as a file: a link could not carry the access token. */
export async function download(url: string, name: string): Promise<void> {
  const blob = await (await signedRequest(url)).blob()
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}
