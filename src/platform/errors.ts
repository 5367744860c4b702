/** One thing wrong with a request; `pointer` is a JSON Pointer (RFC 6901) into the part named by `in`. */
export interface FieldError {
  in: 'body' | 'query' | 'path' | 'headers'
  pointer: string
  detail: string
}

export interface AppErrorOptions {
  /** What the caller can do about it. */
  hint?: string
  errors?: FieldError[]
  headers?: Record<string, string>
  /** Further members of the problem document. */
  members?: Record<string, unknown>
  cause?: unknown
}

/**
 * An error a client may see. Every one of the API is made by a function in an errors.ts, so that its code stands in one place;
 * docs/api/errors.md lists them all, and a test compares the two.
 */
export class AppError extends Error {
  readonly code: string
  readonly status: number
  readonly options: AppErrorOptions

  constructor(code: string, status: number, detail: string, options: AppErrorOptions = {}) {
    super(detail, { cause: options.cause })
    this.name = 'AppError'
    this.code = code
    this.status = status
    this.options = options
  }
}

export const invalidRequest = (detail: string, errors?: FieldError[]) =>
  new AppError('INVALID_REQUEST', 400, detail, { errors })

export const invalidField = (place: FieldError['in'], member: string, detail: string) =>
  invalidRequest(`${member}: ${detail}`, [{ in: place, pointer: `/${member}`, detail }])

export const invalidJson = (detail: string) => new AppError('INVALID_JSON', 400, detail)

export const requestTimeout = () => new AppError('REQUEST_TIMEOUT', 408, 'The request took too long to arrive.')

export const headersTooLarge = (limitBytes: number) =>
  new AppError('HEADERS_TOO_LARGE', 431, `The head of a request may have at most ${limitBytes} bytes.`)

export const routeNotFound = () => new AppError('ROUTE_NOT_FOUND', 404, 'There is nothing at this path.')

export const internalError = () => new AppError('INTERNAL_ERROR', 500, 'Something went wrong on our side.')

export const metricsForbidden = () =>
  new AppError('METRICS_FORBIDDEN', 403, 'Metrics are for this machine only, or for who has METRICS_TOKEN.')

export const bodyTooLarge = (limitBytes: number) =>
  new AppError('BODY_TOO_LARGE', 413, `The body may hold at most ${limitBytes} bytes.`)

export const unsupportedMediaType = (detail: string) => new AppError('UNSUPPORTED_MEDIA_TYPE', 415, detail)

export const tooManyRequests = (detail: string, headers: Record<string, string>, policies: string[]) =>
  new AppError('QUOTA_EXCEEDED', 429, detail, { headers, members: { 'violated-policies': policies } })

export const serverBusy = (detail: string) =>
  new AppError('SERVER_BUSY', 503, detail, { headers: { 'retry-after': '2' } })

export const overloaded = () =>
  new AppError('OVERLOADED', 503, 'There is more to do than can be answered in time. Try again shortly.', {
    headers: { 'retry-after': '1' },
  })

const databaseUnavailable = (cause: unknown) =>
  new AppError('DATABASE_UNAVAILABLE', 503, 'The database does not answer. Try again shortly.', {
    headers: { 'retry-after': '2' },
    cause,
  })

const databaseTimeout = (cause: unknown) =>
  new AppError('DATABASE_TIMEOUT', 503, 'The database took too long. Try again shortly.', {
    headers: { 'retry-after': '2' },
    cause,
  })

export const writeConflict = (cause?: unknown) =>
  new AppError('WRITE_CONFLICT', 409, 'Another request changed the same data at the same time. Try again.', { cause })

const alreadyExists = (cause: unknown) =>
  new AppError('ALREADY_EXISTS', 409, 'Something with this name or key exists already.', { cause })

const referenceNotFound = (cause: unknown) =>
  new AppError('REFERENCE_NOT_FOUND', 409, 'Something this request refers to no longer exists.', { cause })

const valueRefused = (cause: unknown) =>
  new AppError('VALUE_REFUSED', 400, 'A value is out of range or cannot be stored.', { cause })

/**
 * SQLSTATE to answer, the longest matching prefix first.
 * Codes: PostgreSQL manual, appendix A.
 */
const BY_SQLSTATE: [prefix: string, make: (cause: unknown) => AppError][] = [
  ['22', valueRefused], // data exception: out of range, not UTF-8, NUL, invalid text
  ['23505', alreadyExists],
  ['23503', referenceNotFound],
  ['23', valueRefused], // check, not-null, exclusion
  ['40', writeConflict], // serialization failure, deadlock
  ['55P03', databaseTimeout], // lock_timeout
  ['57014', databaseTimeout], // statement_timeout
  ['57P', databaseUnavailable], // shutting down, crashed, starting up
  ['08', databaseUnavailable],
  ['53', databaseUnavailable], // out of disk, memory, connections
  ['58', databaseUnavailable],
  ['25P03', databaseUnavailable], // idle_in_transaction_session_timeout
  ['42P01', databaseUnavailable], // not migrated yet
  ['3D000', databaseUnavailable],
  ['28', databaseUnavailable],
]

const NETWORK_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
])

/** Whether a system's error (errno) says that somebody could not be reached. */
export const isNetworkCode = (code: string) => NETWORK_CODES.has(code)

/** The driver gives these no code. */
const DRIVER_UNAVAILABLE =
  /connection terminated|timeout exceeded when trying to connect|connection error and is not queryable|Cannot use a pool after calling end|Connection ended|read timeout/i

/**
 * The answer for an error thrown by PostgreSQL or its driver, or undefined when it is not one of those.
 * Nothing of the database's own text reaches the client.
 */
export function fromDatabaseError(error: unknown): AppError | undefined {
  if (!(error instanceof Error)) return undefined
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (isNetworkCode(code)) return databaseUnavailable(error)
  if (code.length === 5) {
    const row = BY_SQLSTATE.find(([prefix]) => code.startsWith(prefix))
    if (row) return row[1](error)
  }
  if (DRIVER_UNAVAILABLE.test(error.message)) return databaseUnavailable(error)
  return undefined
}
