import Type from 'typebox'
import { matching } from '../platform/patterns.ts'
import { Id, IdNumber, NOT_BLANK, Nullable, PageQuery, Strict, Timestamp } from '../platform/schemas.ts'

export const STATUSES = ['pending', 'active', 'inactive', 'completed', 'cancelled'] as const
export const PRIORITIES = ['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'] as const
const MAX_TITLE = 200

const Title = Type.String({ minLength: 1, maxLength: MAX_TITLE, ...NOT_BLANK, examples: ['Data Backup'] })
const Description = Type.String({ maxLength: 20_000 })
const Status = Type.Enum([...STATUSES])
const Priority = Type.Enum([...PRIORITIES])
const Label = Type.String({
  minLength: 1,
  maxLength: 50,
  ...matching('^[^,\\s](?:[^,]*[^,\\s])?$', 'must have no comma, and no blank at its ends'),
})
const Labels = Type.Array(Label, { maxItems: 20, uniqueItems: true })
const Day = Type.String({
  format: 'date',
  ...matching('^(?!0000)\\d{4}-', 'must be a date such as 2025-03-31, from year 0001 to 9999'),
  examples: ['2025-03-31'],
})
const Username = Type.String({ minLength: 1, maxLength: 64, examples: ['john_doe'] })
const ExternalId = Type.String({ minLength: 1, maxLength: 200, ...NOT_BLANK })

/** What the original contract's bodies may hold. */
export const CLASSIC_FIELDS = {
  description: Type.Optional(Description),
  status: Type.Optional(Status),
  priority: Type.Optional(Priority),
  due_date: Type.Optional(Nullable(Day)),
  assigned_user: Type.Optional(Nullable(Username)),
}

const FIELDS = {
  ...CLASSIC_FIELDS,
  labels: Type.Optional(Labels),
  external_id: Type.Optional(Nullable(ExternalId)),
  project_id: Type.Optional(IdNumber()),
}

export const TitleField = Title
export const CreateTaskBody = Strict({ title: Title, ...FIELDS })
export const ChangeTaskBody = Strict({ title: Type.Optional(Title), ...FIELDS })
export const RevertBody = Strict({ version: Type.Integer({ minimum: 1, maximum: 2_147_483_647 }) })
export const TaskParams = Strict({ id: Id })

export const Task = Type.Object(
  {
    id: Type.Integer(),
    project_id: Type.Integer(),
    title: Type.String(),
    description: Type.String(),
    status: Status,
    priority: Priority,
    labels: Type.Array(Type.String()),
    due_date: Nullable(Type.String({ format: 'date' })),
    assigned_user: Nullable(Type.String()),
    created_by: Type.String(),
    external_id: Nullable(Type.String()),
    import_id: Nullable(Type.Integer()),
    created_at: Timestamp,
    updated_at: Timestamp,
    version: Type.Integer({ description: 'Goes up with every change; also the ETag' }),
  },
  { $id: 'Task' },
)

export const TaskPage = Type.Object({ items: Type.Array(Type.Ref('Task')), next_cursor: Nullable(Type.String()) })

export const VersionHeaders = Type.Object({
  'if-match': Type.Optional(Type.String({ description: 'The ETag you read; 412 when the task has changed since' })),
})

const oneOrMore = (what: string) => `${what}; several are separated by commas`
const TimeText = Type.String({ maxLength: 40, description: 'A date, in the configured time zone, or an instant' })

const AsOf = Type.String({
  maxLength: 40,
  description: 'The state at the end of that day, in the configured time zone, or at that instant',
  examples: ['2025-03-31'],
})

export const AsOfQuery = Strict({ as_of: Type.Optional(AsOf) })

/** What narrows a list; also what a request over many tasks takes as its `filter`. */
const FILTER = {
  status: Type.Optional(Type.String({ maxLength: 100, description: oneOrMore(STATUSES.join(', ')) })),
  priority: Type.Optional(Type.String({ maxLength: 100, description: oneOrMore(PRIORITIES.join(', ')) })),
  assigned_user: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: 'A username, `me` or `none`' })),
  project_id: Type.Optional(IdNumber()),
  label: Type.Optional(Type.String({ minLength: 1, maxLength: 1_100, description: oneOrMore('Has all of these') })),
  label_any: Type.Optional(
    Type.String({ minLength: 1, maxLength: 1_100, description: oneOrMore('Has at least one of these') }),
  ),
  created_from: Type.Optional(TimeText),
  created_to: Type.Optional(TimeText),
  updated_from: Type.Optional(TimeText),
  updated_to: Type.Optional(TimeText),
  due_from: Type.Optional(Type.String({ maxLength: 10, description: 'A date' })),
  due_to: Type.Optional(Type.String({ maxLength: 10, description: 'A date; the whole day counts' })),
  q: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'Words in title or description' })),
}

export const TaskFilterQuery = Strict(FILTER)

export const TaskListQuery = Strict({
  ...PageQuery,
  sort: Type.Optional(Type.Enum(['-created_at', 'created_at'], { default: '-created_at' })),
  as_of: Type.Optional(AsOf),
  ...FILTER,
})
