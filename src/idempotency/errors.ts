import { AppError, invalidField } from '../platform/errors.ts'

export const invalidKey = () =>
  invalidField('headers', 'idempotency-key', 'must be 1 to 255 visible ASCII characters, without spaces')

export const keyInUse = () =>
  new AppError('IDEMPOTENCY_KEY_IN_USE', 409, 'A request with this Idempotency-Key is still running.', {
    headers: { 'retry-after': '1' },
    hint: 'Send the same request again in a second: it is answered as the first one was.',
  })

export const keyReused = () =>
  new AppError('IDEMPOTENCY_KEY_REUSED', 422, 'This Idempotency-Key came with another request before.', {
    hint: 'A key stands for one request. Take a new key for another one.',
  })
