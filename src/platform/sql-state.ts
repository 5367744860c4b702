/** Codes of what a statement failed with: PostgreSQL manual, appendix A. */
export const UNIQUE_VIOLATION = '23505'
export const LOCK_NOT_AVAILABLE = '55P03'

/** serialization_failure and deadlock_detected. */
const RETRYABLE = new Set(['40001', '40P01'])

/** Each has a digit; a code of the system (errno) of as many letters, such as EPIPE, has none. */
export const isSqlState = (code: unknown): code is string =>
  typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && /\d/.test(code)

/** The five-character SQLSTATE of a database error, or ''. */
export function sqlState(error: unknown): string {
  return error instanceof Error && 'code' in error && isSqlState(error.code) ? error.code : ''
}

/** Nothing happened, so the same work may run again. */
export const isRetryable = (error: unknown) => RETRYABLE.has(sqlState(error))
