import { randomUUID } from 'node:crypto'

import { startWorker, type Worker } from '@holdfast/service'

import type { Base } from './deps'
import type { Payments } from './payments'
import { claimLapsed } from './sql/attempts'

/** Attempts taken over in one pass. */
const batch = 20

/**
 * Takes over payments whose driver has been silent for longer than its lease, and those that wait for a callback when it has come, or it
 * is time to look without one; asks the provider about them, and goes on.
 */
export function startRecovery(deps: Base & { payments: Payments }, pauseMs: number): Worker {
  return startWorker({
    name: 'recovery',
    pauseMs,
    log: deps.log,
    pass: async () => {
      const driver = randomUUID()
      const lapsed = await claimLapsed(deps.database.pool, driver, deps.limits.leaseMs, batch)
      if (lapsed.length > 0) deps.log.info({ attempts: lapsed.length }, 'payments are taken over')
      await Promise.all(lapsed.map(async (attempt) => deps.payments.begin(attempt, driver, undefined)))
      return lapsed.length === batch
    },
  })
}
