import { type Archiver, type Database, type Logger, startArchiver } from '@holdfast/service'

import { archiveHolds, type ArchivePlace, firstPlace } from './sql/archive'
import { forgetOperations } from './sql/lines'

/** Holds of one transaction. */
const batchSize = 500
/** Operations of archived holds that are forgotten in one round. */
const mostForgotten = 5_000

/**
 * Moves holds that ended `afterHours` ago out of the hot tables. A round goes through all of them once, so that those that
 * have to stay (they do not balance) are not looked at again and again.
 */
export function startHoldArchiver(database: Database, afterHours: number, log: Logger, roundPauseMs?: number): Archiver {
  let place: ArchivePlace = firstPlace
  return startArchiver({
    log,
    ...(roundPauseMs !== undefined && { roundPauseMs }),
    batch: async () => {
      const { moved, looked, last } = await archiveHolds(database.pool, afterHours, place, batchSize)
      const done = looked < batchSize
      if (done) await forgetOperations(database.pool, afterHours, mostForgotten)
      place = done ? firstPlace : last
      return { moved, done }
    },
  })
}
