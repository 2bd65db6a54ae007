import { randomUUID } from 'node:crypto'

import { startWorker, type Worker } from '@holdfast/service'

import type { Base } from './deps'
import type { Payments } from './payments'
import { claimLapsed } from './sql/attempts'

/**
 * Takes over payments whose driver has been silent for longer than its lease, and those that wait for a callback when it has come, or it
 * is time to look without one; asks the provider about them, and goes on. None waits for another's answers: a look that is late costs a hold.
 * A stop takes no more of them; those under way {@link Payments.stop} waits for.
 */
export function startRecovery(deps: Base & { payments: Payments }, pauseMs: number): Worker {
  const { database, payments, limits, log } = deps
  let underWay = 0
  /** There may be more than there was room for. */
  let full = false
  const worker = startWorker({
    name: 'recovery',
    pauseMs,
    log,
    pass: async () => {
      const room = limits.recoveriesAtOnce - underWay
      full = room === 0
      if (full) return false
      const driver = randomUUID()
      const lapsed = await claimLapsed(database.pool, driver, limits.leaseMs, room)
      if (lapsed.length > 0) log.info({ attempts: lapsed.length }, 'payments are taken over')
      full = lapsed.length === room
      underWay += lapsed.length
      for (const attempt of lapsed) {
        void payments.begin(attempt, driver, undefined).finally(() => {
          underWay--
          if (full) worker.wake()
        })
      }
      return false
    },
  })
  return worker
}
