import { type CallContext, type Database, HoldfastError } from '@holdfast/service'

import { endHolds, findDueHolds } from './sql/holds'

/** Most holds of one level that are ended in one transaction, and most transactions for one request. */
const mostAtOnce = 5_000
const mostRounds = 20

export interface Demand {
  sku: string
  warehouse: string
  units: number
}

/**
 * Takes units out of levels. Units of due holds are free (truth 11): where it would be refused, they are taken back, then it is decided
 * again. Also where there are none any more: those that were in the way have been ended by others since, and who asks after their time is owed
 * their units.
 */
export async function dueFirst<T>(
  database: Database,
  demand: readonly Demand[],
  { requestId }: CallContext,
  attempt: () => Promise<T>,
): Promise<T> {
  try {
    return await attempt()
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code !== 'INSUFFICIENT_STOCK') throw error
    const wanted = demand.filter(({ units }) => units > 0)
    for (let round = 0; round < mostRounds; round++) {
      const due = await findDueHolds(database.pool, wanted, mostAtOnce)
      const ends = due.map((id) => ({ id, endProtection: false }))
      if (ends.length > 0) await endHolds(database.pool, 'EXPIRE', ends, requestId)
      if (ends.length < mostAtOnce) break
    }
    return attempt()
  }
}
