import { AppError } from '../platform/errors.ts'

export const consoleNotBuilt = () =>
  new AppError('CONSOLE_NOT_BUILT', 404, 'This installation has no console: it was not built.', {
    hint: 'Run `npm run build` with the development dependencies installed, and restart; the API works without it.',
  })
