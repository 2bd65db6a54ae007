import { ProductCreated, StockLevelChanged } from '@holdfast/contracts/inventory'
import type { StockLevel } from '@holdfast/contracts/inventory'
import { appendEvents, type NewEvent, type PublishedEvent } from '@holdfast/events'
import type { PoolClient } from 'pg'

import { stockEvent } from '../events'
import { type LevelRow, lockStates, type StateRow, writeLevels, writeStates } from '../sql/stock'
import { crossing, stateAt, type Thresholds } from './crossing'

/** What is heard of inventory here. */
export const stockTypes = ['holdfast.stock_level.changed.v1', 'holdfast.product.created.v1']

/** A level is made at version 1, empty; its first units come with version 2. What is heard later had a life before. */
const firstUnitsVersion = 2n

/**
 * Takes over the levels that events tell of, in the transaction of the consumer, and publishes what they crossed.
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
    if (event.type === 'holdfast.product.created.v1') {
      // Without units there is no event of a level: it begins as out, and its first units bring it back.
      if (state.state !== null || ProductCreated.fromJSON(event.data).stock > 0) continue
      state.state = 'OUT'
      changedStates.add(state)
      continue
    }
    const { after } = StockLevelChanged.fromJSON(event.data)
    const level = after && takeOver(levels, after, event.version)
    if (level === undefined) continue
    changedLevels.add(level)
    const moved = move(state, levels.get(event.key) ?? [], event, thresholds)
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

/** @returns what is to be told; undefined: the state stays */
function move(row: StateRow, levels: LevelRow[], event: PublishedEvent, thresholds: Thresholds): NewEvent[] | undefined {
  const available = levels.reduce((sum, level) => sum + level.available, 0)
  const on_hand = levels.reduce((sum, level) => sum + level.on_hand, 0)
  const next = stateAt(available, row.state ?? undefined, thresholds)
  if (next === row.state) return undefined
  const first = row.state === null && event.version <= firstUnitsVersion
  const before = { ...row, state: row.state ?? 'IN_STOCK' }
  const what = first ? undefined : crossing(before.state, next)
  Object.assign(row, { state: next, available, on_hand, version: row.version + (what === undefined ? 0n : 1n) })
  return what === undefined ? [] : [stockEvent(what, before, { ...row, state: next }, thresholds.lowAt, event)]
}
