import { type Database, type Logger, startWorker, type Worker } from '@holdfast/service'

import { dropOldDeliveries } from './sql/deliveries'
import { dropOldNotices } from './sql/notices'

const batch = 500
/** Between two rounds, in ms. */
const pauseMs = 60_000

/** Drops what is older than it is kept, a few rows at a time, in every replica. */
export function startHousekeeping({ database, days, log }: { database: Database; days: number; log: Logger }): Worker {
  return startWorker({
    name: 'housekeeping',
    pauseMs,
    log,
    pass: async () => {
      const deliveries = await dropOldDeliveries(database.pool, days, batch)
      const notices = await dropOldNotices(database.pool, days, batch)
      return deliveries === batch || notices === batch
    },
  })
}
