/** What runs by itself: lines are served, offers that are over are settled; and what inventory tells of freed units. */
import { StockLevelChanged } from '@holdfast/contracts/inventory'
import { type Consumer, startConsumer, type Transport } from '@holdfast/events'
import { type Archiver, type Database, type Logger, startArchiver, systemContext } from '@holdfast/service'

import { startLoop } from '../loop'
import { type Parts, serviceName } from '../parts'
import { serveNextLine } from './serve'
import { settleOffers } from './settle'
import { dropOldEntries } from './sql/entries'
import { msUntilLineDue, wakeLines } from './sql/lines'

export interface WaitlistWorker {
  /** Somebody may be served now. */
  wake(): void
  stop(): Promise<void>
}

/** Lines and offers of other replicas, and ends of reservations, are seen by looking, in ms. */
const longestSleepMs = 1_000
const shortestSleepMs = 5
/** Lines served in a row, before offers are settled again. */
const mostLines = 50

export function startWaitlist(parts: Parts): WaitlistWorker {
  const loop = startLoop('the waitlist', parts.log, async (ctx) => {
    while (await settleOffers(parts, ctx));
    for (let served = 0; served < mostLines; served++) {
      if (!(await serveNextLine(parts, systemContext(serviceName, parts.log)))) break
    }
    const ms = await msUntilLineDue(parts.database.pool)
    return Math.min(longestSleepMs, Math.max(shortestSleepMs, ms ?? longestSleepMs))
  })
  return { wake: () => loop.wakeBy(Date.now()), stop: async () => loop.stop() }
}

/**
 * Levels on which something is free make the lines of their SKUs due. It is only a nudge, so it may come twice, late or never (the scan
 * finds what it would have said): nothing of it is remembered.
 */
export async function startStockConsumer(
  { database, log }: Pick<Parts, 'database' | 'log'>,
  transport: Transport,
  wake: () => void,
): Promise<Consumer> {
  return startConsumer({
    name: 'reservation-waitlist',
    topics: ['holdfast.inventory.v1'],
    wants: ['holdfast.stock_level.changed.v1'],
    transport,
    database,
    log,
    takeBatch: async (client, events) => {
      const levels = events.map(({ data }) => StockLevelChanged.fromJSON(data).after)
      const skus = new Set(levels.flatMap((level) => (level !== undefined && level.available > 0 ? [level.sku] : [])))
      return skus.size > 0 && (await wakeLines(client, [...skus])) > 0 ? wake : undefined
    },
  })
}

const dropBatch = 500

/** Drops entries that ended `afterHours` ago. */
export function startEntryCleaner({ pool }: Database, afterHours: number, log: Logger): Archiver {
  return startArchiver({
    log,
    batch: async () => {
      const moved = await dropOldEntries(pool, afterHours, dropBatch)
      return { moved, done: moved < dropBatch }
    },
  })
}
