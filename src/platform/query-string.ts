import { invalidField } from './errors.ts'

interface ObjectSchema {
  properties?: Record<string, { type?: string }>
}

/**
 * A query string has only text; turns what the schema calls an integer or boolean into one, in place, and leaves
 * everything else to the validator. Stricter than a validator's own coercion: `0x10`, `1e3`, ` 7` and `` stay text.
 */
export function coerceQuery(schema: unknown, query: Record<string, unknown>): void {
  const { properties = {} } = schema as ObjectSchema
  for (const [name, value] of Object.entries(query)) {
    if (Array.isArray(value)) throw invalidField('query', name, 'must be given once')
    if (typeof value !== 'string') continue
    if (!value.isWellFormed() || value.includes('\uFFFD')) throw invalidField('query', name, 'is not valid UTF-8')
    const type = Object.hasOwn(properties, name) ? properties[name]?.type : undefined
    if (type === 'integer' && /^(?:0|-?[1-9]\d{0,14})$/.test(value)) query[name] = Number(value)
    if (type === 'boolean' && (value === 'true' || value === 'false')) query[name] = value === 'true'
  }
}
