/** What this service is made of: the database and the queues in front of its hot statements. */
import type { HoldResult, SplitHoldResponse } from '@holdfast/contracts/inventory'
import type { Combiner, Database, Logger } from '@holdfast/service'

import { createAvailabilityCombiner, readSeen, type Seen } from './availability'
import { createChanges } from './change-lines'
import type { Limits } from './claims'
import { createEndCombiner, createProlongCombiner, type EndAnswer, type EndItem } from './end-holds'
import { createHoldQueues, type HoldQueues } from './hold'
import { watchShoppers } from './shoppers'
import { OnlyWarehouse } from './only-warehouse'
import { RuledProducts } from './ruled-products'
import type { HoldProlongation } from './sql/holds'
import type { View } from './sql/levels'
import { createSplits } from './split'
import type { HoldChange, HoldSplit } from './sql/lines'
import { AvailabilityWatch } from './watch/availability-watch'

export interface InventoryOptions {
  database: Database
  /** A payment protects a hold for at most so long, in ms. */
  graceMaxMs: number
  limits: Limits
  maxHoldQueue: number
  /** Streams that watch availability at once, and the SKUs of all of them together. */
  maxWatchers: number
  maxWatchedSkus: number
  log: Logger
  /** Called after each commit that wrote events. */
  published: () => void
  /** Called after each commit by which units may be free that were promised to somebody. */
  mayFill: () => void
}

export interface Inventory {
  database: Database
  warehouses: OnlyWarehouse
  graceMaxMs: number
  published: () => void
  mayFill: () => void
  holds: HoldQueues
  commits: Combiner<EndItem, EndAnswer>
  releases: Combiner<EndItem, EndAnswer>
  /** Of a backlog: behind those who want stock. */
  expiries: Combiner<EndItem, EndAnswer>
  /** Of a few that somebody waits for. */
  promptExpiries: Combiner<EndItem, EndAnswer>
  extensions: Combiner<HoldProlongation, EndAnswer>
  changes: Combiner<HoldChange, HoldResult>
  splits: Combiner<HoldSplit, SplitHoldResponse>
  protections: Combiner<HoldProlongation, EndAnswer>
  availability: Combiner<View[], Seen>
  watch: AvailabilityWatch
}

/**
 * What lapses is ended in batches of so many while shoppers are about: they wait for its stock rows as long as a batch is
 * written. Nobody waits: as many as there are.
 */
const expiredBesideShoppers = 200
const mostExpired = 1_000

export function createInventory(options: InventoryOptions): Inventory {
  const { database, published, mayFill } = options
  const ends = { database, published, mayFill }
  const commits = createEndCombiner('COMMIT', ends)
  const releases = createEndCombiner('RELEASE', ends)
  const protections = createProlongCombiner('protections', ends)
  const warehouses = new OnlyWarehouse(database.pool)
  // Who pays or gives back goes before who wants more.
  const yieldTo = {
    turn: async () => {
      await Promise.all([commits.turn(), releases.turn(), protections.turn()])
    },
  }
  const shoppers = watchShoppers(
    createHoldQueues({
      database,
      warehouses,
      ruled: new RuledProducts(),
      limits: options.limits,
      maxQueue: options.maxHoldQueue,
      yieldTo,
      published,
      mayFill,
    }),
  )
  const expiries = createEndCombiner('EXPIRE', {
    ...ends,
    maxItems: () => (shoppers.about() ? expiredBesideShoppers : mostExpired),
    // Lapsed units count as free anyway (truth 11): nobody is in a hurry for them.
    yieldTo: {
      turn: async () => {
        await Promise.all([yieldTo.turn(), shoppers.turn()])
      },
    },
  })
  const promptExpiries = createEndCombiner('EXPIRE', { ...ends, name: 'prompt expiries', yieldTo })
  return {
    database,
    warehouses,
    published,
    mayFill,
    graceMaxMs: options.graceMaxMs,
    commits,
    releases,
    protections,
    expiries,
    promptExpiries,
    extensions: createProlongCombiner('extensions', ends),
    changes: createChanges({ ...ends, yieldTo, limit: options.limits.units }),
    holds: shoppers,
    splits: createSplits(database),
    availability: createAvailabilityCombiner(database),
    watch: new AvailabilityWatch({
      read: async (views) => readSeen(database, views),
      log: options.log,
      maxWatchers: options.maxWatchers,
      maxSkus: options.maxWatchedSkus,
    }),
  }
}
