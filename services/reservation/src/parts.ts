import type { CallContext, Database, Logger } from '@holdfast/service'

import { createHolds, type Holds, type Inventory } from './holds'
import { createRecords, type Records } from './records'
import type { Limits } from './wanted'

/** What the use cases work with. */
export interface Parts {
  database: Database
  inventory: Inventory
  holds: Holds
  records: Records
  limits: Limits
  /** In ms; see ORPHAN_MIN_AGE_MS. */
  orphanMinAgeMs: number
  /** Called after a commit that wrote events. */
  published: () => void
  /** Called with the end of each new reservation, so that a sweeper that sleeps wakes in time. */
  expect: (expiresAt: Date) => void
  waitlist: WaitlistRules
  /** Called when somebody on the waitlist may be served. */
  wakeWaitlist: () => void
  log: Logger
}

export interface WaitlistRules {
  /** How long what is offered is reserved, in seconds. */
  ttlSeconds: number
  /** Live entries of a user. */
  mostPerUser: number
}

export type PartsOptions = Omit<Parts, 'holds' | 'records'>

export function createParts(options: PartsOptions): Parts {
  return { ...options, holds: createHolds(options.inventory), records: createRecords(options.database, options.published) }
}

/** The name under which this service acts by itself. */
export const serviceName = 'reservation'

/** How long the rest of a call may take, in ms. */
export function timeLeft(ctx: CallContext): number {
  return ctx.deadline - Date.now()
}
