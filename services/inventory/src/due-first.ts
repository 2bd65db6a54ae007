import { type CallContext, HoldfastError } from '@holdfast/service'

import type { Inventory } from './inventory'
import { endHolds, findDueHolds } from './sql/holds'
import { mostUnits } from './validate'

/** Most holds that are ended in one transaction, and most transactions for one request. */
const mostAtOnce = 5_000
const mostRounds = 20

/** Where units are freed, and who is told of it. */
export type Freeing = Pick<Inventory, 'database' | 'published' | 'mayFill'>

export interface Demand {
  sku: string
  warehouse: string
  units: number
}

/**
 * Takes units out of levels. Units of due holds are free (truth 11): where it would be refused, they are taken back, then it is decided
 * again, until there are none: what was only promised to a hold frees nothing that is there. Also where there are none any more: those that
 * were in the way have been ended by others since, and who asks after their time is owed their units.
 */
export async function dueFirst<T>(
  { database, published, mayFill }: Freeing,
  demand: readonly Demand[],
  { requestId }: CallContext,
  attempt: () => Promise<T>,
): Promise<T> {
  const wanted = demand.filter(({ units }) => units > 0)
  for (let round = 0; round < mostRounds; round++) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof HoldfastError) || error.code !== 'INSUFFICIENT_STOCK') throw error
    }
    // First as many as are wanted; if that was not enough, whatever is due there.
    const units = round === 0 ? wanted : wanted.map((level) => ({ ...level, units: mostUnits }))
    const due = await findDueHolds(database.pool, units, mostAtOnce)
    if (due.length === 0) break
    const ends = due.slice(0, mostAtOnce).map((id) => ({ id, endProtection: false }))
    await endHolds(database.pool, 'EXPIRE', ends, requestId)
    // Whatever becomes of the request: there may be more than it wants.
    published()
    mayFill()
  }
  return attempt()
}
