import { AppError } from '../platform/errors.ts'

export const tooManyExports = () =>
  new AppError('TOO_MANY_EXPORTS', 503, 'As many exports as this server takes are under way. Try again shortly.', {
    headers: { 'retry-after': '10' },
  })
