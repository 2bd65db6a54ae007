import { useSyncExternalStore } from 'react'

import { currentSession, onSession, type Session } from './session.ts'

export function useSession(): Session {
  return useSyncExternalStore(onSession, currentSession)
}

/** Whether the signed-in user runs the shop. */
export function useIsAdmin(): boolean {
  const session = useSession()
  return session.status === 'in' && session.user.role === 'ADMIN'
}
