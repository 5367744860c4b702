import { QueryClient } from '@tanstack/react-query'
import { ApiError } from '../api/errors.ts'

/** What the server refused is not asked again; what did not reach it, or found it away, twice more. */
const isWorthAnotherTry = (error: Error) => !(error instanceof ApiError) || error.status >= 500

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      retry: (failures, error) => failures < 2 && isWorthAnotherTry(error),
      staleTime: 10_000,
    },
    mutations: { retry: false },
  },
})
