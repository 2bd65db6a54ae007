import { type Archiver, type Database, type Logger, startArchiver } from '@holdfast/service'

import { archiveReservations, type ArchivePlace, firstPlace } from './sql/archive-reservations'

/** Reservations of one transaction. */
const batchSize = 500

/** Moves reservations that ended `afterHours` ago out of the hot table. A round goes through all of them once. */
export function startReservationArchiver(database: Database, afterHours: number, log: Logger, roundPauseMs?: number): Archiver {
  let place: ArchivePlace = firstPlace
  return startArchiver({
    log,
    ...(roundPauseMs !== undefined && { roundPauseMs }),
    batch: async () => {
      const { moved, looked, last } = await archiveReservations(database.pool, afterHours, place, batchSize)
      const done = looked < batchSize
      place = done ? firstPlace : last
      return { moved, done }
    },
  })
}
