import Type, { type TSchema } from 'typebox'
import { matching } from './patterns.ts'

/** Pieces that every feature's schemas share. */

/** Ids are digits only: anything a number parser would also take (0x10, 1e3, +1) names nothing. */
export const Id = Type.String({
  ...matching('^[1-9][0-9]{0,14}$', 'must be a positive whole number'),
  description: 'Id',
})

const UUID = '^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
export const Uuid = (description: string) =>
  Type.String({ ...matching(UUID, 'must be a UUID in lower case'), description })

/** Of a text that must say something. */
export const NOT_BLANK = matching('\\S', 'must not be blank')

/** An id as a number; of 15 digits, as Id. */
export const IdNumber = (options: { description?: string } = {}) =>
  Type.Integer({ minimum: 1, maximum: 999_999_999_999_999, ...options })

export const IdParams = Type.Object({ id: Id }, { additionalProperties: false })

export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])

export const Timestamp = Type.String({ format: 'date-time', examples: ['2025-03-31T08:00:00.000Z'] })

/** A body, query or path: nothing beyond what is listed is taken. */
export const Strict = <T extends Record<string, TSchema>>(properties: T, options: object = {}) =>
  Type.Object(properties, { additionalProperties: false, ...options })

const MAX_PAGE = 100

export const PageQuery = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_PAGE, default: 20, description: 'Items in the page' })),
  cursor: Type.Optional(
    Type.String({ minLength: 1, maxLength: 1_500, description: '`next_cursor` of the page before; opaque' }),
  ),
}

export const Page = <T extends TSchema>(item: T) =>
  Type.Object({ items: Type.Array(item), next_cursor: Nullable(Type.String()) })

/** Asked with each letter that is typed. */
export const SuggestionQuery = Strict({
  q: Type.Optional(Type.String({ maxLength: 100, description: 'What they begin with, in any case' })),
})
export const MOST_SUGGESTIONS = 20

export const Suggestions = Type.Object({ items: Type.Array(Type.String()) }, { additionalProperties: false })

const Problem = Type.Ref('Problem')

const PROBLEMS = {
  400: 'The request is malformed or a value is refused',
  401: 'No access token, or one that is not valid',
  403: 'Not allowed',
  404: 'No such thing, or not yours to see',
  409: 'In conflict with what is there',
  410: 'It was there, and is not kept any more',
  412: 'The task has changed since; the answer holds its present state',
  413: 'Too large',
  415: 'Not a media type this takes',
  422: 'The file cannot be taken, or the Idempotency-Key came with another request before',
  429: 'Too many requests; see Retry-After',
  503: 'Something this needs is away; see Retry-After',
  507: 'There is no room for the file',
} as const

/** The error answers of a route, for its `response` schema. Every route may answer 400, 429 and 503. */
export function problems(...statuses: (keyof typeof PROBLEMS)[]) {
  const all = [...new Set([400, ...statuses, 429, 503] as const)]
  return Object.fromEntries(
    all.map((status) => [
      status,
      { description: PROBLEMS[status], content: { 'application/problem+json': { schema: Problem } } },
    ]),
  )
}
