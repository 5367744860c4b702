import { AppError } from '../platform/errors.ts'

/** @param id undefined when the default project was meant and the actor is not in it */
export const projectNotFound = (id: string | number | undefined) =>
  new AppError(
    'PROJECT_NOT_FOUND',
    404,
    id === undefined ? 'You are not in the default project. Name another one.' : `There is no project ${id}.`,
  )

export const projectForbidden = () =>
  new AppError('PROJECT_FORBIDDEN', 403, 'Your role in this project does not allow this.')

export const projectArchived = () =>
  new AppError('PROJECT_ARCHIVED', 409, 'The project is archived; nothing in it can be changed.')

export const projectNameTaken = (name: string) =>
  new AppError('PROJECT_NAME_TAKEN', 409, `A project named ${name} exists already.`, {
    errors: [{ in: 'body', pointer: '/name', detail: 'is taken' }],
  })

export const defaultProjectStays = () => new AppError('DEFAULT_PROJECT', 409, 'The default project cannot be archived.')

export const memberNotFound = (userId: string) =>
  new AppError('MEMBER_NOT_FOUND', 404, `User ${userId} is not a member of this project.`)

export const alreadyMember = (username: string) =>
  new AppError('ALREADY_MEMBER', 409, `${username} is a member of this project already.`)
