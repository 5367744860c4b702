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

/** @param externalId as sent; a task that moves brings its own */
export const externalIdTaken = (externalId: string | null | undefined) =>
  new AppError(
    'EXTERNAL_ID_TAKEN',
    409,
    `Another task of the project has ${externalId ? `the external_id ${externalId}` : 'the same external_id'}.`,
    {
      errors: [{ in: 'body', pointer: '/external_id', detail: 'is taken in this project' }],
    },
  )

export const versionMismatch = (current: unknown, etag: string) =>
  new AppError('VERSION_MISMATCH', 412, 'The task has changed since you read it.', {
    headers: { etag },
    members: { current },
    hint: 'Look at `current`, apply your change to it and send its version.',
  })
