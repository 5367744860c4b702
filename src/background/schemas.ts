import Type, { type Static } from 'typebox'
import { isNetworkCode } from '../platform/errors.ts'
import { matching } from '../platform/patterns.ts'
import { Nullable, Page, PageQuery, Strict, Timestamp, Uuid } from '../platform/schemas.ts'
import { isSqlState } from '../platform/sql-state.ts'
import type { JobRow } from './queries.ts'

const STATES = ['created', 'retry', 'active', 'completed', 'cancelled', 'failed'] as const
const Name = Type.String({
  ...matching('^[a-z]+\\.[a-z]+$', 'must be the name of a kind of job, such as imports.run'),
  maxLength: 50,
  examples: ['imports.run'],
})

export const JobParams = Strict({ id: Uuid('Id') })

export const JobListQuery = Strict({
  ...PageQuery,
  state: Type.Optional(Type.Enum([...STATES])),
  name: Type.Optional(Name),
})

export const Job = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    state: Type.Enum([...STATES], { description: '`retry` waits to be tried again' }),
    import_id: Nullable(Type.Integer({ description: 'The import it is about' })),
    retries: Type.Integer(),
    error: Nullable(Type.String({ description: 'Why it did not succeed the last time' })),
    created_at: Timestamp,
    due_at: Type.String({ format: 'date-time', description: 'Not begun before' }),
    started_at: Nullable(Timestamp),
    finished_at: Nullable(Timestamp),
  },
  { $id: 'Job', additionalProperties: false },
)

export const JobPage = Page(Type.Ref('Job'))

export function publicJob(row: JobRow): Static<typeof Job> {
  const { id, name, state, import_id, retries } = row
  return {
    ...{ id, name, state, import_id, retries },
    error: row.output && errorOf(row.output),
    created_at: row.created_at.toISOString(),
    due_at: row.due_at.toISOString(),
    started_at: row.started_at?.toISOString() ?? null,
    finished_at: row.finished_at?.toISOString() ?? null,
  }
}

/** What may be said of it: sentences of our own. All else is in the worker's log, under the id of the job. */
function errorOf({ name, message, code, value }: NonNullable<JobRow['output']>): string {
  if (name === 'AppError' && message) return message
  if (value?.message === 'job heartbeat timeout') return 'The worker that had it is gone.'
  if (value?.message === 'job timed out') return 'It took too long.'
  if (code && isNetworkCode(code)) return 'The database could not be reached.'
  if (isSqlState(code)) return `The database refused (SQLSTATE ${code}).`
  return 'Something went wrong; the log of the worker says what.'
}
