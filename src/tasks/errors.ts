import { AppError, type FieldError } from '../platform/errors.ts'

/** Byte for byte the same for a task one may not see as for one that never was. */
export const taskNotFound = (id: string) => new AppError('TASK_NOT_FOUND', 404, `There is no task ${id}.`)

export const taskForbidden = () =>
  new AppError('TASK_FORBIDDEN', 403, 'You may change only tasks you created or are assigned.')

export const unknownAssignee = (username: string) =>
  new AppError('UNKNOWN_ASSIGNEE', 400, `assigned_user: ${username} is not an active member of the project`, {
    errors: [
      { in: 'body', pointer: '/assigned_user', detail: 'is not an active member of the project' } satisfies FieldError,
    ],
  })

/** @param externalId as sent; a task that moves or is restored brings its own, which nothing in the request points to */
export const externalIdTaken = (externalId: string | null | undefined) =>
  new AppError(
    'EXTERNAL_ID_TAKEN',
    409,
    `Another task of the project has ${externalId ? `the external_id ${externalId}` : 'the same external_id'}.`,
    { errors: externalId ? [{ in: 'body', pointer: '/external_id', detail: 'is taken in this project' }] : undefined },
  )

export const versionMismatch = (current: unknown, etag: string) =>
  new AppError('VERSION_MISMATCH', 412, 'The task has changed since you read it.', {
    headers: { etag },
    members: { current },
    hint: 'Look at `current`, apply your change to it and send its version.',
  })

export const taskNotDeleted = () => new AppError('TASK_NOT_DELETED', 409, 'The task is not in the trash.')

export const deletionNotFound = (id: string) =>
  new AppError('DELETION_NOT_FOUND', 404, `Nothing in the trash was deleted by ${id}.`)

export const tooManyTasks = (limit: number) =>
  new AppError('TOO_MANY_TASKS', 409, `The filter matches more than ${limit} tasks; nothing was changed.`, {
    hint: 'Narrow the filter, and send one request for each part.',
    members: { limit },
  })

/** Also for a version of before the kept history, and for one made where the actor may not read. */
export const versionNotFound = (version: number) =>
  new AppError('VERSION_NOT_FOUND', 404, `There is no version ${version} of the task.`, {
    hint: 'The history of the task lists its versions.',
  })

export const versionDeleted = (version: number) =>
  new AppError('VERSION_DELETED', 409, `In version ${version} the task was deleted.`, {
    hint: 'Take an earlier version, or delete the task.',
  })

/** @param keptFrom an instant */
export const historyNotKept = (keptFrom: string) =>
  new AppError('HISTORY_NOT_KEPT', 410, `History is kept from ${keptFrom} on; what was before is not known any more.`, {
    members: { kept_from: keptFrom },
  })
