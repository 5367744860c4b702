import { STATUS_CODES } from 'node:http'
import type { FastifyError, FastifyReply, FastifyRequest, FastifySchemaValidationError } from 'fastify'
import Type from 'typebox'
import {
  AppError,
  bodyTooLarge,
  type FieldError,
  fromDatabaseError,
  internalError,
  invalidRequest,
  unsupportedMediaType,
} from './errors.ts'
import { ruleOf } from './patterns.ts'

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8'
/** How many field errors one answer lists. */
const MAX_FIELD_ERRORS = 20

/** The shape of every error answer: RFC 9457, `code` for programs, and `error` for clients of the original contract. */
export const ProblemSchema = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    code: Type.String(),
    error: Type.String(),
    hint: Type.Optional(Type.String()),
    errors: Type.Optional(
      Type.Array(Type.Object({ in: Type.String(), pointer: Type.String(), detail: Type.String() })),
    ),
  },
  { $id: 'Problem', additionalProperties: true },
)

/** Fastify's error handler: every error leaves as a problem document, and nothing internal with it. */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const known = toAppError(error, request)
  if (!known) {
    request.log.error({ err: error }, 'unexpected error')
    return sendRefusal(reply, internalError())
  }
  if (known.status >= 500) request.log.warn({ err: known }, 'request refused')
  return sendRefusal(reply, known)
}

/** The problem document alone, with no line in the log. */
export function sendRefusal(reply: FastifyReply, error: AppError): FastifyReply {
  if (hasLargeUnreadBody(reply.request)) reply.header('connection', 'close')
  // Ready-made text: no response schema of the route applies to it.
  return reply
    .code(error.status)
    .headers(error.options.headers ?? {})
    .header('content-type', PROBLEM_TYPE)
    .serializer((text) => text as string)
    .send(problemText(error))
}

/** The document as JSON. */
export function problemText(error: AppError): string {
  const { hint, errors, members = {} } = error.options
  const type = error.status === 429 ? 'https://iana.org/assignments/http-problem-types#quota-exceeded' : 'about:blank'
  return JSON.stringify({
    type,
    title: STATUS_CODES[error.status] ?? 'Error',
    status: error.status,
    detail: error.message,
    code: error.code,
    error: error.message,
    hint,
    errors: errors?.slice(0, MAX_FIELD_ERRORS),
    ...members,
  })
}

/** What is not wanted is not read either: the connection ends with the answer. */
const LARGEST_READ_ANYWAY = 65_536

function hasLargeUnreadBody({ raw, headers }: FastifyRequest): boolean {
  if (raw.complete) return false
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > LARGEST_READ_ANYWAY
}

function toAppError(error: unknown, request: FastifyRequest): AppError | undefined {
  if (error instanceof AppError) return error
  const known = fromFastifyError(error as FastifyError, request)
  return known ?? fromDatabaseError(error)
}

function fromFastifyError(error: FastifyError, request: FastifyRequest): AppError | undefined {
  if (error.validation) return invalidInput(error.validation, error.validationContext)
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return bodyTooLarge(request.routeOptions.bodyLimit)
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return unsupportedMediaType('The body must be sent as application/json.')
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return invalidRequest('The body is not as long as Content-Length says.')
  }
  const { statusCode } = error
  return statusCode && statusCode >= 400 && statusCode < 500 ? invalidRequest('The request is malformed.') : undefined
}

function invalidInput(failures: FastifySchemaValidationError[], context = 'body'): AppError {
  const place = ({ querystring: 'query', params: 'path', headers: 'headers' } as const)[context] ?? 'body'
  const errors = summarise(failures).map((failure) => fieldError(place, failure))
  const first = errors[0]
  const name = first?.pointer.slice(1).replaceAll('/', '.')
  return invalidRequest(first ? `${name || `The ${place}`}: ${first.detail}` : 'The request is invalid.', errors)
}

/** A value that fails an alternative (`T | null`) fails every branch; the branch that says most is enough. */
function summarise(failures: FastifySchemaValidationError[]): FastifySchemaValidationError[] {
  const meaningful = failures.filter(
    (f) => f.keyword !== 'anyOf' && !(f.keyword === 'type' && f.params.type === 'null'),
  )
  return meaningful.length > 0 ? meaningful : failures
}

function fieldError(place: FieldError['in'], failure: FastifySchemaValidationError): FieldError {
  const { additionalProperty, missingProperty, allowedValues } = failure.params as Record<string, unknown>
  const pointer = (member?: unknown) =>
    failure.instancePath +
    (member === undefined ? '' : `/${String(member).replaceAll('~', '~0').replaceAll('/', '~1')}`)
  if (additionalProperty !== undefined) {
    const what = place === 'query' ? 'is not a known parameter' : 'is not a known member'
    return { in: place, pointer: pointer(additionalProperty), detail: what }
  }
  if (missingProperty !== undefined) return { in: place, pointer: pointer(missingProperty), detail: 'is required' }
  if (Array.isArray(allowedValues)) {
    return { in: place, pointer: pointer(), detail: `must be one of ${allowedValues.join(', ')}` }
  }
  return { in: place, pointer: pointer(), detail: ruleOf(failure.params) ?? failure.message ?? 'is invalid' }
}
