import { ProductCreated, ProductUpdated, StockLevelChanged } from '@holdfast/contracts/inventory'
import type { StockLevel } from '@holdfast/contracts/inventory'
import { appendEvents, type NewEvent, type PublishedEvent } from '@holdfast/events'
import type { PoolClient } from 'pg'

import { stockEvent } from '../events'
import { type LevelRow, lockStates, type StateRow, writeLevels, writeStates } from '../sql/stock'
import { crossing, stateAt, type Thresholds, thresholdsOf } from './crossing'

/** What is heard of inventory here. */
export const stockTypes = ['holdfast.stock_level.changed.v1', 'holdfast.product.created.v1', 'holdfast.product.updated.v1']

/** A level is made at version 1, empty; its first units come with version 2. What is heard later had a life before. */
const firstUnitsVersion = 2n

/**
 * Takes over the levels and thresholds that events tell of, in the transaction of the consumer, and publishes what was crossed.
 * Locks: the SKUs' states, by SKU.
 */
export async function watchStock(client: PoolClient, events: readonly PublishedEvent[], thresholds: Thresholds): Promise<void> {
  const { states, levels } = await lockStates(client, [...new Set(events.map((event) => event.key))].sort())
  const changedStates = new Set<StateRow>()
  const changedLevels = new Set<LevelRow>()
  const told: NewEvent[] = []
  for (const event of events) {
    const state = states.get(event.key)
    if (state === undefined) continue
    if (event.type.startsWith('holdfast.product.')) {
      const moved = takeOverThreshold(state, levels.get(event.key) ?? [], event, thresholds)
      if (moved === undefined) continue
      changedStates.add(state)
      told.push(...moved)
      continue
    }
    const { after } = StockLevelChanged.fromJSON(event.data)
    const level = after && takeOver(levels, after, event.version)
    if (level === undefined) continue
    changedLevels.add(level)
    const first = state.state === null && event.version <= firstUnitsVersion
    const inForce = thresholdsOf(state.low_at ?? undefined, thresholds)
    const moved = judge(state, levels.get(event.key) ?? [], event, { before: inForce, after: inForce, silent: first })
    if (moved === undefined) continue
    changedStates.add(state)
    told.push(...moved)
  }
  await writeLevels(client, [...changedLevels])
  await writeStates(client, [...changedStates])
  await appendEvents(client, told)
}

/** @returns undefined: it is out of date */
function takeOver(levels: Map<string, LevelRow[]>, after: StockLevel, version: bigint): LevelRow | undefined {
  const { sku, warehouse, onHand: on_hand, available } = after
  const ofSku = levels.get(sku) ?? []
  const known = ofSku.find((level) => level.warehouse === warehouse)
  if (known === undefined) {
    const level = { sku, warehouse, on_hand, available, version }
    levels.set(sku, [...ofSku, level])
    return level
  }
  if (known.version >= version) return undefined
  return Object.assign(known, { on_hand, available, version })
}

/** @returns what is to be told; undefined: it is out of date */
function takeOverThreshold(
  row: StateRow,
  levels: LevelRow[],
  event: PublishedEvent,
  configured: Thresholds,
): NewEvent[] | undefined {
  const created = event.type === 'holdfast.product.created.v1' ? ProductCreated.fromJSON(event.data) : undefined
  const product = created?.after ?? ProductUpdated.fromJSON(event.data).after
  if (product === undefined || event.version <= row.product_version) return undefined
  const before = thresholdsOf(row.low_at ?? undefined, configured)
  const after = thresholdsOf(product.lowStockAt, configured)
  Object.assign(row, { product_version: event.version, low_at: product.lowStockAt ?? null })
  // Without units there is no event of a level: it begins as out, and its first units bring it back.
  if (row.state === null && created !== undefined && created.stock <= 0) row.state = 'OUT'
  if (row.state === null || before.lowAt === after.lowAt) return []
  return judge(row, levels, event, { before, after, silent: created !== undefined }) ?? []
}

interface Judging {
  /** What was in force when the state so far was judged, and what is now. */
  before: Thresholds
  after: Thresholds
  /** It is the beginning of a product's life, which crosses nothing. */
  silent: boolean
}

/** @returns what is to be told; undefined: the state stays */
function judge(row: StateRow, levels: LevelRow[], event: PublishedEvent, judging: Judging): NewEvent[] | undefined {
  const { before, after, silent } = judging
  const available = levels.reduce((sum, level) => sum + level.available, 0)
  const on_hand = levels.reduce((sum, level) => sum + level.on_hand, 0)
  // By a threshold that is new nothing has been low yet.
  const known = before.lowAt === after.lowAt ? row.state : null
  const next = stateAt(available, known ?? undefined, after)
  if (next === row.state) return undefined
  const was = { ...row, state: row.state ?? 'IN_STOCK', lowAt: before.lowAt }
  const what = silent ? undefined : crossing(was.state, next)
  Object.assign(row, { state: next, available, on_hand, version: row.version + (what === undefined ? 0n : 1n) })
  return what === undefined ? [] : [stockEvent(what, was, { ...row, state: next, lowAt: after.lowAt }, event)]
}
