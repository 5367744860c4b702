import Type from 'typebox'
import { IdNumber, Nullable, Strict } from '../platform/schemas.ts'
import { PRIORITIES, STATUSES } from '../tasks/index.ts'

const Count = Type.Integer({ minimum: 0 })
const ProjectId = Type.Optional(IdNumber({ description: 'Of this project only' }))
const Day = Type.String({ format: 'date' })

const countOf = (names: readonly string[]) =>
  Type.Object(Object.fromEntries(names.map((name) => [name, Count])), { additionalProperties: false })

export const OverviewQuery = Strict({ project_id: ProjectId })

export const Overview = Type.Object(
  {
    tasks: Count,
    open: Type.Integer({ minimum: 0, description: 'Neither completed nor cancelled' }),
    overdue: Type.Integer({ minimum: 0, description: 'Open, and due on `overdue_to` or before' }),
    overdue_to: Type.String({ format: 'date', description: 'Yesterday, in the configured time zone' }),
    by_status: countOf(STATUSES),
    by_priority: Type.Object(Object.fromEntries(PRIORITIES.map((name) => [name, Count])), {
      additionalProperties: false,
      description: 'Of the open tasks',
    }),
    by_assignee: Type.Array(
      Type.Object(
        { assigned_user: Nullable(Type.String()), open: Count, overdue: Count },
        { additionalProperties: false },
      ),
      { description: 'Who has open tasks, the most first, at most 50; `null` is nobody' },
    ),
  },
  { additionalProperties: false },
)

export const PeriodsQuery = Strict({
  period: Type.Optional(Type.Enum(['day', 'week'], { default: 'day', description: 'Weeks begin on Monday' })),
  from: Type.Optional(Type.String({ maxLength: 10, description: 'A date; 90 days, or 13 weeks, when left out' })),
  to: Type.Optional(Type.String({ maxLength: 10, description: 'A date, today when left out; the whole day counts' })),
  project_id: ProjectId,
})

export const Periods = Type.Object(
  {
    items: Type.Array(
      Type.Object(
        {
          from: Day,
          to: Day,
          open: Type.Integer({ minimum: 0, description: 'At its end neither completed nor cancelled' }),
          created: Type.Integer({ minimum: 0, description: 'Created in it, and there at its end' }),
          completed: Type.Integer({ minimum: 0, description: 'Completed at its end, and last changed in it' }),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
)
