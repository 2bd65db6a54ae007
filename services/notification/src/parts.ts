import { Actor_Role } from '@holdfast/contracts/common'
import type { EventContext } from '@holdfast/events'
import type { Database, Logger } from '@holdfast/service'

/** This service's name, as its tokens and events have it. */
export const serviceName = 'notification'

/** What every use case gets. */
export interface Deps {
  database: Database
  /** Whether addresses of private networks, and plain http, are allowed. */
  privateTargets: boolean
  /** Events were committed: the relay need not wait for its next look. */
  wakeRelay: () => void
  /** There may be something to send. */
  wakeSender: () => void
  log: Logger
}

/** What this service does by itself because of something else, whose request id goes on. */
export function byUs({ requestId, traceparent }: Pick<EventContext, 'requestId' | 'traceparent'>): EventContext {
  return { actor: { id: serviceName, role: Actor_Role.SERVICE }, requestId, traceparent }
}
