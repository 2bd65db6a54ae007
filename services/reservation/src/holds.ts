/** The way to inventory: requests that arrive while a call is under way travel together in the next one. */
import {
  type ChangeHoldRequest,
  type ExpireResponse,
  type ExtendItem,
  type HoldItem,
  HoldItem_Strategy,
  type HoldResult,
  type InventoryServiceService,
  type ListHeldResponse,
  type ReleaseItem,
  type SplitHoldRequest,
  type SplitHoldResponse,
} from '@holdfast/contracts/inventory'
import { asService, type CallContext, Combiner, type PeerClient } from '@holdfast/service'

export type Inventory = PeerClient<typeof InventoryServiceService>

export interface Holds {
  hold(item: HoldItem, ctx: CallContext): Promise<HoldResult>
  /** Up to 1,000, decided in this order. */
  holdInOrder(items: HoldItem[], ctx: CallContext): Promise<HoldResult[]>
  /** @param linesVersion of the lines that are meant; 0: whatever they are */
  commit(id: string, linesVersion: number, ctx: CallContext): Promise<HoldResult>
  change(request: ChangeHoldRequest, ctx: CallContext): Promise<HoldResult>
  split(request: SplitHoldRequest, ctx: CallContext): Promise<SplitHoldResponse>
  release(item: ReleaseItem, ctx: CallContext): Promise<HoldResult>
  extend(item: ExtendItem, ctx: CallContext): Promise<HoldResult>
  /** Up to 1,000 ids. */
  expire(ids: string[], ctx: CallContext): Promise<ExpireResponse>
  /** Up to 1,000 ids. */
  releaseAll(ids: string[], ctx: CallContext): Promise<HoldResult[]>
  /** @param minAgeMs only holds that are so old */
  listHeld(minAgeMs: number, pageToken: string, ctx: CallContext): Promise<ListHeldResponse>
}

interface Asked<Item> {
  item: Item
  ctx: CallContext
}

/** What a batch of holds carries at most. */
const mostHolds = 500
const mostLines = 2_000
/** Of the other calls. */
const mostItems = 1_000
const maxQueue = 20_000
/** The next batch is on its way while one is decided. */
const concurrency = 2

export function createHolds(inventory: Inventory): Holds {
  const limits = { maxItems: mostItems, maxQueue, concurrency }
  const holds = combine('holds at inventory', async (items: HoldItem[], ctx) => (await inventory.hold({ items }, ctx)).results, {
    ...limits,
    maxItems: mostHolds,
    weight: { of: ({ item }) => item.lines.length, max: mostLines },
  })
  const commits = combine(
    'commits at inventory',
    async (items: { id: string; linesVersion: number }[], ctx) =>
      (
        await inventory.commit(
          { ids: items.map(({ id }) => id), linesVersions: items.map(({ linesVersion }) => linesVersion) },
          ctx,
        )
      ).results,
    limits,
  )
  const release = async (items: ReleaseItem[], ctx: CallContext) => (await inventory.release({ items }, ctx)).results
  const extensions = combine(
    'extensions at inventory',
    async (items: ExtendItem[], ctx) => (await inventory.extend({ items }, ctx)).results,
    limits,
  )
  const releases = combine('releases at inventory', release, limits)
  return {
    // Only those that combine share a batch: another strategy is a transaction of its own, and waits for nobody's.
    hold: async (item, ctx) => (combines(item) ? holds(item, ctx) : holdAlone(inventory, item, ctx)),
    holdInOrder: async (items, ctx) => (await inventory.hold({ items }, ctx)).results,
    commit: async (id, linesVersion, ctx) => commits({ id, linesVersion }, ctx),
    change: async (request, ctx) => {
      const { result } = await inventory.changeHold(request, batchContext([ctx]))
      if (result === undefined) throw new Error(`hold ${request.id}: inventory gave no answer`)
      return result
    },
    split: async (request, ctx) => inventory.splitHold(request, batchContext([ctx])),
    release: releases,
    extend: extensions,
    expire: async (ids, ctx) => inventory.expire({ ids }, ctx),
    releaseAll: async (ids, ctx) =>
      release(
        ids.map((id) => ({ id, endProtection: false })),
        ctx,
      ),
    listHeld: async (minAgeMs, pageToken, ctx) => inventory.listHeld({ minAgeMs, pageSize: mostItems, pageToken }, ctx),
  }
}

function combines({ strategy }: HoldItem): boolean {
  return strategy !== HoldItem_Strategy.PESSIMISTIC && strategy !== HoldItem_Strategy.OPTIMISTIC
}

async function holdAlone(inventory: Inventory, item: HoldItem, ctx: CallContext): Promise<HoldResult> {
  const { results } = await inventory.hold({ items: [item] }, batchContext([ctx]))
  const [result] = results
  if (result === undefined) throw new Error(`hold ${item.id}: inventory gave no answer`)
  return result
}

type Limits<Item> = Omit<ConstructorParameters<typeof Combiner<Asked<Item>, HoldResult>>[0], 'name' | 'run'>

function combine<Item>(
  name: string,
  call: (items: Item[], ctx: CallContext) => Promise<HoldResult[]>,
  limits: Limits<Item>,
): (item: Item, ctx: CallContext) => Promise<HoldResult> {
  const combiner = new Combiner<Asked<Item>, HoldResult>({
    ...limits,
    name,
    run: async (asked) => {
      const results = await call(
        asked.map(({ item }) => item),
        batchContext(asked.map(({ ctx }) => ctx)),
      )
      return results.map((value) => ({ value }))
    },
  })
  return async (item, ctx) => combiner.submit({ item, ctx }, ctx.deadline)
}

/** A batch is this service's own call. It may take as long as the most patient of those who wait for it. */
function batchContext(contexts: CallContext[]): CallContext {
  const [first] = contexts
  if (first === undefined) throw new Error('an empty batch')
  return { ...asService(first, 'reservation', 0), deadline: Math.max(...contexts.map((ctx) => ctx.deadline)) }
}
