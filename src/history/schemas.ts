import Type from 'typebox'
import { IdNumber, Nullable, PageQuery, Strict } from '../platform/schemas.ts'

const CHANGED_FIELDS = [
  'title',
  'description',
  'status',
  'priority',
  'labels',
  'due_date',
  'assigned_user',
  'project_id',
  'external_id',
]

const Value = Type.Union([Type.String(), Type.Integer(), Type.Array(Type.String()), Type.Null()])

const Change = Type.Object({ field: Type.Enum(CHANGED_FIELDS), from: Value, to: Value })

export const TaskVersion = Type.Object(
  {
    version: Type.Integer(),
    at: Type.String({ format: 'date-time', description: 'Since when it held; as_of this instant is this version' }),
    by: Nullable(Type.String()),
    cause: Type.Enum(['api', 'import', 'undo', 'revert']),
    import_id: Nullable(Type.Integer({ description: 'The import that caused it' })),
    action: Type.Enum(['created', 'changed', 'deleted', 'restored']),
    changes: Type.Array(Change),
  },
  { $id: 'TaskVersion' },
)

export const TaskVersionPage = Type.Object({
  items: Type.Array(Type.Ref('TaskVersion')),
  next_cursor: Nullable(Type.String()),
})

export const HistoryQuery = Strict(PageQuery)

const Day = (description: string) => Type.Optional(Type.String({ maxLength: 10, description }))

export const TaskLogQuery = Strict({
  ...PageQuery,
  date: Day('One day; today when there is neither this nor a range'),
  from: Day('The first day of a range of at most 366'),
  to: Day('The last day of the range; today when left out'),
  task_id: Type.Optional(IdNumber({ description: 'One task only; without days each one since it was created' })),
})

export const TaskLogPage = Type.Object({
  items: Type.Array(Type.Intersect([Type.Ref('Task'), Type.Object({ logged_date: Type.String({ format: 'date' }) })])),
  next_cursor: Nullable(Type.String()),
})
