import { AppError, type FieldError, invalidRequest } from '../platform/errors.ts'

const challenge = { 'www-authenticate': 'Bearer realm="tasklog"' }

export const authenticationRequired = () =>
  new AppError('AUTHENTICATION_REQUIRED', 401, 'Send an access token: Authorization: Bearer <access_token>.', {
    headers: challenge,
  })

/** One answer for a forged, expired, revoked or malformed token: which it was is nobody's business. */
export const invalidToken = () =>
  new AppError('INVALID_TOKEN', 401, 'The access token is not valid or no longer valid.', {
    headers: { 'www-authenticate': 'Bearer realm="tasklog", error="invalid_token"' },
    hint: 'Log in again, or use your refresh token.',
  })

/** One answer for a wrong name, a wrong password and a disabled user, so that names cannot be found out. */
export const invalidCredentials = () =>
  new AppError('INVALID_CREDENTIALS', 401, 'Wrong username or password.', { headers: challenge })

export const invalidRefreshToken = () =>
  new AppError('INVALID_REFRESH_TOKEN', 401, 'The refresh token is not valid or no longer valid. Log in again.', {
    headers: challenge,
  })

export const cookieNotFromHere = () =>
  new AppError('COOKIE_NOT_FROM_HERE', 403, 'The cookie is for pages of this origin that send application/json.')

export const wrongCurrentPassword = () =>
  new AppError('WRONG_CURRENT_PASSWORD', 403, 'The current password is wrong.', {
    errors: [{ in: 'body', pointer: '/current_password', detail: 'is wrong' }],
  })

export const adminRequired = () => new AppError('ADMIN_REQUIRED', 403, 'Only an administrator may do this.')

export const registrationClosed = () =>
  new AppError('REGISTRATION_CLOSED', 403, 'Registration is closed. Ask an administrator for an account.')

export const usernameTaken = (username: string) =>
  new AppError('USERNAME_TAKEN', 409, `The username ${username} is taken.`, {
    errors: [{ in: 'body', pointer: '/username', detail: 'is taken' }],
  })

export const passwordRefused = (member: string, reason: string) =>
  invalidRequest(`${member}: ${reason}`, [{ in: 'body', pointer: `/${member}`, detail: reason } satisfies FieldError])

export const userNotFound = (id: string) => new AppError('USER_NOT_FOUND', 404, `There is no user ${id}.`)

export const sessionNotFound = () => new AppError('SESSION_NOT_FOUND', 404, 'You have no such session.')

export const lastAdministrator = () =>
  new AppError('LAST_ADMINISTRATOR', 409, 'The last administrator cannot be demoted or disabled.', {
    hint: 'Make somebody else an administrator first.',
  })
