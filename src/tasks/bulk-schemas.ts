import Type from 'typebox'
import { IdNumber, Nullable, PageQuery, Strict, Timestamp, Uuid } from '../platform/schemas.ts'
import { ChangeTaskBody, Task, TaskFilterQuery } from './schemas.ts'

/** The most tasks that one request writes. */
export const MAX_TASKS = 10_000

const DeletionId = Uuid('The request that deleted them')

export const TrashQuery = Strict({
  ...PageQuery,
  project_id: Type.Optional(IdNumber()),
  deletion_id: Type.Optional(DeletionId),
})

export const TrashPage = Type.Object({
  items: Type.Array(
    Type.Object({
      ...Task.properties,
      deleted_at: Timestamp,
      deleted_by: Type.String(),
      deletion_id: Nullable(Type.String()),
    }),
  ),
  next_cursor: Nullable(Type.String()),
})

export const RestoreBody = Strict({ deletion_id: DeletionId })

const Written = Type.Array(Type.Object({ id: Type.Integer(), version: Type.Integer() }))
const Refused = Type.Array(
  Type.Object(
    { id: Type.Integer(), code: Type.String(), detail: Type.String() },
    {
      description: 'Left as they are; code and detail are those of a request for the one task',
    },
  ),
)

// Only what takes no time to compare may be checked for being unique here.
export const UndoBody = Strict({
  changed: Type.Array(
    Strict({
      id: IdNumber(),
      version: Type.Integer({ minimum: 2, maximum: 2_147_483_647, description: 'What the change made' }),
    }),
    {
      minItems: 1,
      maxItems: MAX_TASKS,
      description: 'Each task once; `changed` or `deleted` of the answer to a request over many',
    },
  ),
})

export const Undone = Type.Object({ undone: Written, refused: Refused })

export const Restored = Type.Object({ restored: Written, refused: Refused })

const Ids = Type.Array(IdNumber(), {
  minItems: 1,
  maxItems: MAX_TASKS,
  uniqueItems: true,
})

const Filter = Strict(TaskFilterQuery.properties, {
  minProperties: 1,
  description: 'As the query parameters of the list; at least one',
})

/** Either of the two; which, is checked by the service. */
const Selection = { ids: Type.Optional(Ids), filter: Type.Optional(Filter) }

// An external_id belongs to one task.
const { external_id, ...changes } = ChangeTaskBody.properties

export const ChangeTasksBody = Strict({ ...Selection, changes: Strict(changes, { minProperties: 1 }) })
export const DeleteTasksBody = Strict(Selection)

export const TasksChanged = Type.Object({
  changed: Written,
  unchanged: Type.Array(Type.Integer(), { description: 'They are that way already; no version was made' }),
  refused: Refused,
})

export const TasksDeleted = Type.Object({
  deleted: Written,
  deletion_id: Nullable(Type.String({ description: 'Restores all of them; null when none was deleted' })),
  refused: Refused,
})
