import type { Method, TestApp } from './app.ts'

export interface Schema {
  type?: string
  enum?: unknown[]
  anyOf?: Schema[]
  items?: Schema
  properties?: Record<string, Schema>
  additionalProperties?: unknown
  pattern?: string
  minLength?: number
}

/** One operation of the API document, as far as tests generate requests from it. */
export interface Operation {
  /** `POST /api/v1/tasks`: also its key in tables. */
  name: string
  method: Method
  path: string
  body: Schema | undefined
  query: string[]
  parameters: string[]
  /** Statuses it may answer. */
  statuses: string[]
}

interface Documented {
  requestBody?: { content: Record<string, { schema: Schema }> }
  parameters?: { in: string; name: string }[]
  responses: Record<string, unknown>
}

/** Every operation of /openapi.json, so that tests made from it cover those that are added later. */
export async function readOperations(app: TestApp): Promise<Operation[]> {
  const { body } = await app.send('GET', '/openapi.json')
  return Object.entries(body.paths as Record<string, Record<string, Documented>>).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { requestBody, parameters = [], responses }]) => ({
      name: `${method.toUpperCase()} ${path}`,
      method: method.toUpperCase() as Method,
      path,
      body: requestBody?.content['application/json']?.schema,
      query: parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name),
      statuses: Object.keys(responses),
      parameters: parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name),
    })),
  )
}

/** Whether a schema takes a value, for the few keywords that decide about types. */
export function accepts(schema: Schema, value: unknown): boolean {
  if (schema.anyOf) return schema.anyOf.some((branch) => accepts(branch, value))
  if (schema.enum) return schema.enum.includes(value)
  switch (schema.type) {
    case 'string':
      return typeof value === 'string' && (!schema.pattern || new RegExp(schema.pattern, 'u').test(value))
    case 'integer':
      return Number.isInteger(value)
    case 'boolean':
      return typeof value === 'boolean'
    case 'null':
      return value === null
    case 'array':
      return Array.isArray(value) && value.every((item) => accepts(schema.items ?? {}, item))
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value)
    default:
      return true
  }
}
