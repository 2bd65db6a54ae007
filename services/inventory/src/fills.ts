/** Units that arrive go to those whom they were promised, in the order of the promises (docs/decisions/034). */
import { BackorderFilled } from '@holdfast/contracts/inventory'
import { appendEvents, createEvent } from '@holdfast/events'
import { type CallContext, counter, type Database, faultPoint, type Logger, startWorker, systemContext } from '@holdfast/service'

import { fillPromises, findPromisedLevels, type PromisedLevel } from './sql/promises'
import { findHoldsWithLines } from './sql/lines'

export interface FillsOptions {
  database: Database
  /** Called after each commit that wrote events. */
  published: () => void
  log: Logger
  /** Between two looks for what others left behind, in ms; 1,000. */
  pauseMs?: number
}

export interface Fills {
  /** Units may be free that were promised to somebody. Costs nothing while nothing is promised. */
  mayFill(): void
  stop(): Promise<void>
}

/** Levels that are looked at in one pass. */
const mostLevels = 500
/** Lines that are filled in one transaction: who wants these holds, or the level, waits for it. */
const mostLines = 100

/** Between two looks, in ms, however many wake it: what is freed meanwhile goes together. */
const restMs = 20

const filledUnits = counter('backorder_filled_units_total', 'Promised units that arrived')

/**
 * Fills what is owed, in every replica: a fill is decided under the locks of its holds and its level, so that two of them at once fill
 * nothing twice. Whoever frees units wakes it; what is owed when all of them have died is found by the next look.
 */
export function startFills({ database, published, log, pauseMs = 1_000 }: FillsOptions): Fills {
  // Others promise, too: until the next look it may be wrong, and then that look finds what is owed.
  let promises = true
  const worker = startWorker({
    name: 'fills',
    pauseMs,
    restMs,
    log,
    pass: async () => {
      const levels = await findPromisedLevels(database.pool, mostLevels)
      promises = levels.length > 0
      let filled = false
      for (const level of levels.filter(({ owed }) => owed)) {
        // One that can't be filled keeps nobody else from it.
        const units = await fillLevel(database, level, systemContext('inventory', log)).catch((error: unknown) => {
          log.warn({ err: error, sku: level.sku, warehouse: level.warehouse }, 'a level could not be filled; again')
          return 0
        })
        if (units > 0) published()
        filled ||= units > 0
      }
      return filled
    },
  })
  return {
    mayFill: () => {
      if (promises) worker.wake()
    },
    stop: async () => worker.stop(),
  }
}

/** Fills some of what a level owes: one transaction, with an event for each hold. @returns units; 0: it owes nothing that can be filled now */
export async function fillLevel(
  database: Database,
  level: Pick<PromisedLevel, 'sku' | 'warehouse'>,
  ctx: CallContext,
): Promise<number> {
  await faultPoint('inventory.filling')
  const { sku, warehouse } = level
  const filled = await database.transaction(async (client) => {
    const filled = await fillPromises(client, level, mostLines, ctx.requestId)
    const holds = await findHoldsWithLines(
      client,
      filled.map(({ hold_id: id }) => id),
    )
    const events = filled.flatMap(({ hold_id: id, filled: units }) => {
      const hold = holds.get(id)
      if (hold === undefined) throw new Error(`hold ${id} was filled and is not there`)
      // What it was asked for with is nobody's business.
      const data = BackorderFilled.toJSON({ after: { ...hold, fingerprint: '' }, sku, warehouse, filled: units })
      return createEvent({ type: 'holdfast.backorder.filled.v1', data, key: id, subject: id, version: BigInt(hold.fills), ctx })
    })
    await appendEvents(client, events)
    return filled
  })
  const units = filled.reduce((sum, one) => sum + one.filled, 0)
  if (units > 0) filledUnits.inc(units)
  await faultPoint('inventory.filled')
  return units
}
