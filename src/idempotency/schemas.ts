import type { FastifySchema } from 'fastify'
import Type, { type TObject } from 'typebox'
import { matching } from '../platform/patterns.ts'
import { problems } from '../platform/schemas.ts'

const KEY = Type.Optional(
  Type.String({
    ...matching('^[!-~]+$', 'must be of printable ASCII characters without blanks'),
    minLength: 1,
    maxLength: 255,
    description:
      'A name you make for this request (a random UUID). Sent again with it, the request has no second effect and ' +
      'gets the same answer, with `Idempotent-Replayed: true`.',
  }),
)

/** The API document's words on the header, for any operation that takes it. */
export function documentKeys(schema: FastifySchema): FastifySchema {
  const { headers, response } = schema as { headers?: TObject; response?: object }
  return {
    ...schema,
    headers: Type.Object({ ...headers?.properties, 'idempotency-key': KEY }),
    response: { ...problems(409, 422), ...response },
  }
}
