import { HoldfastApiError } from '@holdfast/client'
import { QueryClient } from '@tanstack/react-query'

import { watchConnection } from './connection.ts'
import { currentSession, onSession } from './session.ts'

/**
 * The client repeats what passes, so a refusal is final here. Without a connection reads wait and are done when it is
 * back; what changes something fails and says so: nobody wants an order that is placed minutes later.
 */
export function createQueryClient(): QueryClient {
  const queries = new QueryClient({
    defaultOptions: {
      queries: { staleTime: 5_000, retry: (_, error) => !(error instanceof HoldfastApiError), retryDelay: 1_000 },
      mutations: { networkMode: 'always', retry: false },
    },
  })
  watchConnection()
  forgetWhenAnotherComes(queries)
  return queries
}

/** What one user saw is not shown to the next. */
function forgetWhenAnotherComes(queries: QueryClient): void {
  let last = userId()
  onSession(() => {
    const now = userId()
    if (now === last) return
    if (last !== undefined) queries.clear()
    last = now
  })
}

function userId(): string | undefined {
  const session = currentSession()
  return session.status === 'in' ? session.user.id : undefined
}
