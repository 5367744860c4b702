/**
 * What went wrong, in a few words. `fetch` tells it only in its cause; what was refused at every address of a name has a
 * code and no message.
 */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.cause instanceof Error) return reasonOf(error.cause)
  return error.message || ('code' in error ? String(error.code) : error.name)
}
