/** A problem document of the server (RFC 9457), see docs/api/errors.md. */
export interface Problem {
  status: number
  code: string
  detail: string
  hint?: string
  errors?: { in: string; pointer: string; detail: string }[]
  /** Members of a single code, for instance `current` of VERSION_MISMATCH. */
  [member: string]: unknown
}

/** What the server refused, or could not do. */
export class ApiError extends Error {
  readonly status: number
  readonly code: string
  readonly problem: Problem
  constructor(problem: Problem) {
    super(problem.detail)
    this.name = 'ApiError'
    this.status = problem.status
    this.code = problem.code
    this.problem = problem
  }
}

/** Whether the server says that there is no such thing, or none that one may see. */
export const isMissing = (error: unknown) => error instanceof ApiError && error.status === 404

/** Whether the same may succeed later: the server cannot be reached, is overloaded, or has failed. */
export const mayPass = (error: unknown) => !(error instanceof ApiError) || isPassing(error.status)

const isPassing = (status: number) => status >= 500 || status === 429

/** What an answer says is wrong; a proxy, or a server that has just gone, may say it in no such document. */
export function asProblem(error: unknown, status: number): Problem {
  if (typeof error === 'object' && error !== null && 'code' in error) return error as Problem
  const advice = isPassing(status) ? ' Try again in a moment.' : ''
  return { status, code: 'UNKNOWN', detail: `The server answered ${status}.${advice}` }
}

/** One sentence for people, whatever was thrown. */
export function sentenceOf(error: unknown): string {
  if (error instanceof ApiError) return [error.message, error.problem.hint].filter(Boolean).join(' ')
  if (error instanceof TypeError) return 'The server cannot be reached. Check the connection and try again.'
  return error instanceof Error ? error.message : String(error)
}

/** What is wrong with each member of a form, by its name: `{ title: 'is required' }`; that of a list is wrong with the list. */
export function fieldErrors(error: unknown): Record<string, string> {
  if (!(error instanceof ApiError)) return {}
  return Object.fromEntries((error.problem.errors ?? []).map(({ pointer, detail }) => [pointer.split('/')[1], detail]))
}
