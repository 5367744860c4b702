import { focusManager, MutationCache, QueryClient } from '@tanstack/react-query'
import { ApiError } from '../api/errors.ts'
import { focusAgain } from './focus.ts'

/** What the server refused is not asked again; what did not reach it, or found it away, twice more. */
const isWorthAnotherTry = (error: Error) => !(error instanceof ApiError) || error.status >= 500

/** Read again when it is looked at after this long: another tab, or somebody else, may have changed it. */
export const FRESH_MS = 2_000

// Of windows side by side all are visible: the one that is looked at is told by the focus.
focusManager.setEventListener((look) => {
  const listening = new AbortController()
  for (const event of ['visibilitychange', 'focus']) window.addEventListener(event, () => look(), listening)
  return () => listening.abort()
})

/** A server in a private network is there without the internet too; when it is not, that is said, and nothing waits unseen. */
const networkMode = 'always'

export const queryClient = new QueryClient({
  // When its button is there again.
  mutationCache: new MutationCache({ onSettled: () => void setTimeout(focusAgain, 50) }),
  defaultOptions: {
    queries: {
      networkMode,
      retry: (failures, error) => failures < 2 && isWorthAnotherTry(error),
      staleTime: FRESH_MS,
    },
    mutations: { networkMode, retry: false },
  },
})
